<?php
/**
 * Router of PHP's own server: /?rendering is front-page.php on a WordPress that was just loaded, every
 * other path is the site as its visitors get it. BENCH_SITE names its directory.
 */

$bench_site = (string) getenv( 'BENCH_SITE' );
if ( '/?rendering' !== $_SERVER['REQUEST_URI'] ) {
	require $bench_site . '/index.php';
	return;
}
require $bench_site . '/wp-load.php';
$bench_page = require __DIR__ . '/front-page.php';
header( 'Content-Type: application/json' );
echo json_encode( $bench_page );

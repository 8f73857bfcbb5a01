<?php
/**
 * Renders the front page of the WordPress that is loaded, and returns how long that took and how
 * many bytes it gave. The same file runs inside a sandbox and in native PHP.
 */

$_SERVER['REQUEST_URI']    = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['HTTP_HOST']      = '127.0.0.1:8888';
$_SERVER['PHP_SELF']       = '/index.php';
$_GET                      = array();
define( 'WP_USE_THEMES', true );
// The address of the request is made up, and must not lead to another one.
remove_action( 'template_redirect', 'redirect_canonical' );

// A visitor's page, without the bar of who is logged in.
wp_set_current_user( 0 );

$bench_began = hrtime( true );
ob_start();
wp();
require ABSPATH . WPINC . '/template-loader.php';
$bench_html = ob_get_clean();
return array(
	'ms'    => ( hrtime( true ) - $bench_began ) / 1e6,
	'bytes' => strlen( $bench_html ),
);

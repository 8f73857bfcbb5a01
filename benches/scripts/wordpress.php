<?php
/**
 * Loads a WordPress and answers the query, as a PHP program without the extension does it. The same
 * file for native PHP and for Playground.
 *
 * Usage: php wordpress.php DIRECTORY
 */

declare( strict_types = 1 );

$bench_began = hrtime( true );
require rtrim( $argv[1], '/' ) . '/wp-load.php';
$bench_result = array( get_bloginfo( 'name' ), (int) wp_count_posts()->publish );
echo json_encode(
	array(
		'ms'     => ( hrtime( true ) - $bench_began ) / 1e6,
		'result' => $bench_result,
	)
), "\n";

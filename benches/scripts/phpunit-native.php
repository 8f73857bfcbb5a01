<?php
/**
 * Comes before PHPUnit in native PHP, in the global scope as WordPress wants it: the WordPress in the
 * directory that BENCH_SITE names, with the plugin loaded when plugins are.
 */

// Before WordPress is there, hooks are kept in an array.
$GLOBALS['wp_filter']['muplugins_loaded'][10]['suite'] = array(
	'function'      => static function (): void {
		require dirname( __DIR__ ) . '/components/suite/suite.php';
	},
	'accepted_args' => 0,
);
require getenv( 'BENCH_SITE' ) . '/wp-load.php';

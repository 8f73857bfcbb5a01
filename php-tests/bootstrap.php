<?php
/**
 * Loads the parent site that bin/test names, in this process, and the tests' helpers.
 *
 * WP_CODEBOX_TEST_PARENT is the parent's directory, empty for tests without WordPress;
 * WP_CODEBOX_TEST_VAR a directory for what the tests leave.
 */

declare( strict_types = 1 );

namespace WP_Codebox\Tests;

if ( ! extension_loaded( 'wp_codebox' ) || ! getenv( 'WP_CODEBOX_TEST_VAR' ) ) {
	fwrite( STDERR, "Run the tests with bin/test.\n" );
	exit( 1 );
}

const ROOT = __DIR__ . '/..';

spl_autoload_register(
	static function ( string $name ): void {
		$file = __DIR__ . '/lib/' . substr( $name, strlen( __NAMESPACE__ ) + 1 ) . '.php';
		if ( str_starts_with( $name, __NAMESPACE__ . '\\' ) && is_file( $file ) ) {
			require_once $file;
		}
	}
);

if ( getenv( 'WP_CODEBOX_TEST_PARENT' ) ) {
	// What WordPress expects to be global, and is not when PHPUnit includes this file.
	global $wpdb, $wp, $wp_query, $wp_the_query, $wp_rewrite, $wp_did_header, $table_prefix,
		$wp_theme_directories, $current_site, $current_blog, $shortcode_tags, $phpmailer,
		$wp_version, $wp_db_version, $required_php_version, $required_mysql_version, $wp_local_package;
	$_SERVER['HTTP_HOST'] = '127.0.0.1:8888';
	require_once getenv( 'WP_CODEBOX_TEST_PARENT' ) . '/wp-load.php';
	require_once ABSPATH . 'wp-admin/includes/admin.php';
}

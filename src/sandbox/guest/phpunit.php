<?php
/**
 * Runs PHPUnit, after a WordPress with the plugin or after the tests' own bootstrap.
 */

namespace WP_Codebox\Sandbox;

require_once __DIR__ . '/steps.php';
require_once __DIR__ . '/class-phpunit.php';

Outcome::begin();
define_streams();
try {
	$wp_codebox_step = (array) json_decode( (string) file_get_contents( STEP ), true );
	set_environment( $wp_codebox_step['environment'] ?? array() );
	$wp_codebox_phpunit = new Phpunit( $wp_codebox_step['call'] );
	unset( $wp_codebox_step );
	// In the global scope: WordPress and most bootstraps count on it.
	foreach ( $wp_codebox_phpunit->files_to_load() as $wp_codebox_file ) {
		require_once $wp_codebox_file;
	}
	unset( $wp_codebox_file );
	Outcome::returned( $wp_codebox_phpunit->run() );
} catch ( \Throwable $wp_codebox_thrown ) {
	Outcome::threw( $wp_codebox_thrown );
}

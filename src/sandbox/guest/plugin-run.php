<?php
/**
 * Runs what a plugin brings along: its tests, or its benchmarks. A WordPress with the plugin, or the
 * project's own bootstrap, is loaded first.
 */

namespace WP_Codebox\Sandbox;

require_once __DIR__ . '/steps.php';
require_once __DIR__ . '/class-tested-plugin.php';

Outcome::begin();
define_streams();
try {
	$wp_codebox_step = (array) json_decode( (string) file_get_contents( STEP ), true );
	set_environment( $wp_codebox_step['environment'] ?? array() );
	require_once __DIR__ . '/class-' . $wp_codebox_step['kind'] . '.php';
	$wp_codebox_run = 'bench' === $wp_codebox_step['kind'] ? new Bench( $wp_codebox_step['call'] ) : new Phpunit( $wp_codebox_step['call'] );
	unset( $wp_codebox_step );
	// In the global scope: WordPress and most bootstraps count on it.
	foreach ( $wp_codebox_run->files_to_load() as $wp_codebox_file ) {
		require_once $wp_codebox_file;
	}
	unset( $wp_codebox_file );
	Outcome::returned( $wp_codebox_run->run() );
} catch ( \Throwable $wp_codebox_thrown ) {
	Outcome::threw( $wp_codebox_thrown );
}

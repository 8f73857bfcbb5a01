<?php
/**
 * Carries out one step. It runs in a request of its own and loads WordPress, or in the open request
 * of a fork, which finds WordPress and this file's needs loaded.
 */

namespace WP_Codebox\Sandbox;

require_once __DIR__ . '/steps.php';

Outcome::begin();
$wp_codebox_step = (array) json_decode( (string) file_get_contents( STEP ), true );
try {
	set_environment( $wp_codebox_step['environment'] ?? array() );
	if ( function_exists( 'wp_set_current_user' ) ) {
		begin_in_open_request();
	} elseif ( 'none' !== ( $wp_codebox_step['bootstrap'] ?? 'wordpress' ) ) {
		require_once '/wordpress/wp-load.php';
		\wp_set_current_user( 1 );
	}
	if ( isset( $wp_codebox_step['diagnostics'] ) ) {
		require_once __DIR__ . '/class-query-log.php';
		Outcome::diagnose( static fn(): array => Query_Log::report( $wp_codebox_step['diagnostics'] ) );
		Query_Log::begin();
	}
	switch ( $wp_codebox_step['kind'] ?? '' ) {
		case 'php':
			Outcome::returned( run_file( $wp_codebox_step['file'] ) );
			break;
		case 'ability':
			Outcome::returned( call_ability( $wp_codebox_step['call'] ) );
			break;
		case 'probe':
			Outcome::returned( 'ability' === $wp_codebox_step['type'] ? \wp_has_ability( $wp_codebox_step['name'] ) : false !== \has_filter( $wp_codebox_step['name'] ) );
			break;
		case 'content':
			require_once __DIR__ . '/content/content.php';
			Content\perform( $wp_codebox_step['content'] );
			break;
		default:
			$wp_codebox_carry_out = require __DIR__ . '/commands/' . $wp_codebox_step['kind'] . '.php';
			Outcome::returned( $wp_codebox_carry_out( $wp_codebox_step['call'] ) );
	}
} catch ( \Throwable $wp_codebox_thrown ) {
	Outcome::threw( $wp_codebox_thrown );
}

<?php
/**
 * Who may.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * One method for each permission that the table of abilities names. A permission that has no method
 * is not callable, and WordPress then refuses the ability to everybody.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Permissions {

	/**
	 * What an administrator of WP Codebox can do. On multisite the store, the options and the pending
	 * applies are the network's, so that an administrator of one of its sites is not enough.
	 *
	 * @since 0.1.0
	 */
	public static function capability(): string {
		return is_multisite() ? 'manage_network_options' : 'manage_options';
	}

	/**
	 * May the current user run tasks and read artifacts?
	 *
	 * @since 0.1.0
	 */
	public static function run_agent_task(): bool {
		/**
		 * Filters whether the current user may run agent tasks and read their artifacts.
		 *
		 * @since 0.1.0
		 *
		 * @param bool $allowed Whether the user has the capability `manage_options`, on multisite
		 *                      `manage_network_options`.
		 */
		return (bool) apply_filters( 'wp_codebox_can_run_agent_task', current_user_can( self::capability() ) );
	}

	/**
	 * May the caller bring bundles into the store?
	 *
	 * @since 0.1.0
	 *
	 * @param mixed $input Optional. The ability's input, whose `authorization` may name a trusted orchestrator. Default empty.
	 */
	public static function write_artifact( $input = array() ): bool {
		if ( current_user_can( self::capability() ) ) {
			return true;
		}
		$verdict = WP_Codebox_API::authorize( 'artifact:write', $input );
		return is_array( $verdict ) && true === $verdict['authorized'];
	}
}

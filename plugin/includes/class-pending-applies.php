<?php
/**
 * What the plugin offers to a host's own approval queue.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Registers the handler that a host's approval queue calls when a staged apply is resolved there. A
 * host without a queue needs none of this: the extension keeps pending applies itself.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Pending_Applies {

	/** What a staged apply is called among a host's pending actions. */
	private const KIND = 'wp_codebox_apply_back';

	/**
	 * Hooks the handler in.
	 *
	 * @since 0.1.0
	 */
	public function register_hooks(): void {
		add_filter( 'wp_codebox_pending_apply_artifact_handlers', array( $this, 'add_handler' ) );
	}

	/**
	 * Adds the handler.
	 *
	 * @since 0.1.0
	 *
	 * @param mixed $handlers Handlers by kind.
	 * @return array<string, mixed>
	 */
	public function add_handler( $handlers ): array {
		$handlers               = is_array( $handlers ) ? $handlers : array();
		$handlers[ self::KIND ] = array(
			'apply'       => static fn( array $apply_input ) => WP_Codebox_API::apply_approved_artifact( $apply_input ),
			'can_resolve' => array( $this, 'can_resolve' ),
		);
		return $handlers;
	}

	/**
	 * May a user decide about a staged apply?
	 *
	 * @since 0.1.0
	 *
	 * @param mixed  $payload  The staged apply.
	 * @param string $decision `accepted` or `rejected`.
	 * @param int    $user_id  The user.
	 */
	public function can_resolve( $payload, string $decision, int $user_id ): bool {
		/**
		 * Filters whether a user may decide about a staged apply.
		 *
		 * @since 0.1.0
		 *
		 * @param bool   $allowed  Whether the user may otherwise.
		 * @param mixed  $payload  The staged apply.
		 * @param string $decision `accepted` or `rejected`.
		 * @param int    $user_id  The user; 0 for the operator at the shell.
		 */
		return (bool) apply_filters( 'wp_codebox_can_resolve_pending_apply_artifact', user_can( $user_id, WP_Codebox_Permissions::capability() ), $payload, $decision, $user_id );
	}
}

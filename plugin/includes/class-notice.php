<?php
/**
 * The notice in wp-admin when the extension is missing.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Tells those who can do something about it why WP Codebox does nothing.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Notice {

	/**
	 * Hooks the notice into the screens of the site and the network.
	 *
	 * @since 0.1.0
	 */
	public function register_hooks(): void {
		add_action( 'admin_notices', array( $this, 'render' ) );
		add_action( 'network_admin_notices', array( $this, 'render' ) );
	}

	/**
	 * Prints the notice.
	 *
	 * @since 0.1.0
	 */
	public function render(): void {
		if ( ! current_user_can( 'activate_plugins' ) ) {
			return;
		}
		wp_admin_notice(
			esc_html( WP_Codebox_Extension::problem() . ' ' . WP_Codebox_Extension::remedy() ),
			array(
				'type' => 'error',
				'id'   => 'wp-codebox-extension',
			)
		);
	}
}

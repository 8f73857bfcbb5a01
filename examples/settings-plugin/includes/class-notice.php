<?php
/**
 * The notice on the site's pages.
 *
 * @package Notice_Bar
 */

namespace Notice_Bar;

/**
 * Decides whether the notice is due, and prints it.
 */
final class Notice {

	/**
	 * Makes the notice of these settings.
	 *
	 * @param Settings $settings What is shown.
	 */
	public function __construct( private readonly Settings $settings ) {}

	/**
	 * Hooks the notice in.
	 */
	public function register(): void {
		add_action( 'wp_body_open', array( $this, 'render' ) );
	}

	/**
	 * Prints the notice if it is due.
	 */
	public function render(): void {
		echo wp_kses_post( $this->markup( time() ) );
	}

	/**
	 * The notice as HTML, or nothing if it is not due.
	 *
	 * @param int $now Unix timestamp.
	 */
	public function markup( int $now ): string {
		if ( ! $this->is_due( $now ) ) {
			return '';
		}

		$values = $this->settings->get();

		return sprintf(
			'<div class="notice-bar notice-bar-%1$s" role="status">%2$s</div>',
			esc_attr( $values['style'] ),
			esc_html( $values['message'] )
		);
	}

	/**
	 * Whether this visitor is to see the notice now: it is on, it says something, it is meant for
	 * them, and its days, counted from the last save, are not over.
	 *
	 * @param int $now Unix timestamp.
	 */
	public function is_due( int $now ): bool {
		$values = $this->settings->get();

		if ( ! $values['enabled'] || '' === $values['message'] ) {
			return false;
		}

		if ( $values['members_only'] && ! is_user_logged_in() ) {
			return false;
		}

		return $now < $this->settings->saved_at() + $values['days'] * DAY_IN_SECONDS;
	}
}

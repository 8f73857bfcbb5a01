<?php
/**
 * The page under Settings, and the handler that its form posts to.
 *
 * @package Notice_Bar
 */

namespace Notice_Bar;

use WP_Error;

/**
 * Shows and saves the settings.
 */
final class Settings_Page {

	/** The admin-post action, which is also what the nonce is for. */
	public const ACTION = 'notice_bar_save';

	/** The name of the form's array of fields. */
	public const FORM = 'notice_bar';

	private const SLUG       = 'notice-bar';
	private const CAPABILITY = 'manage_options';

	/**
	 * Makes the page of these settings.
	 *
	 * @param Settings $settings What is shown and saved.
	 */
	public function __construct( private readonly Settings $settings ) {}

	/**
	 * Hooks the page and its handler in.
	 */
	public function register(): void {
		add_action( 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'admin_post_' . self::ACTION, array( $this, 'handle_save' ) );
	}

	/**
	 * Adds the page to the Settings menu.
	 */
	public function add_page(): void {
		$title = __( 'Notice Bar', 'settings-plugin' );

		add_options_page( $title, $title, self::CAPABILITY, self::SLUG, array( $this, 'render' ) );
	}

	/**
	 * Answers the form: saves and goes back to the page, or says why not.
	 */
	public function handle_save(): void {
		// phpcs:ignore WordPress.Security.NonceVerification.Missing -- save() verifies the nonce.
		$saved = $this->save( wp_unslash( $_POST ), time() );

		if ( is_wp_error( $saved ) ) {
			wp_die( $saved, '', array( 'back_link' => true ) ); // The status is in the error's data.
		}

		wp_safe_redirect(
			add_query_arg(
				array(
					'page'    => self::SLUG,
					'updated' => 'true',
				),
				admin_url( 'options-general.php' )
			)
		);
		exit;
	}

	/**
	 * Saves what the form has sent.
	 *
	 * @param array<string, mixed> $request The request's fields, unslashed.
	 * @param int                  $now     Unix timestamp.
	 * @return true|WP_Error
	 */
	public function save( array $request, int $now ): bool|WP_Error {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			return new WP_Error(
				'notice_bar_forbidden',
				__( 'You may not change these settings.', 'settings-plugin' ),
				array( 'status' => 403 )
			);
		}

		$nonce = $request['_wpnonce'] ?? '';

		if ( ! is_string( $nonce ) || ! wp_verify_nonce( $nonce, self::ACTION ) ) {
			return new WP_Error(
				'notice_bar_expired',
				__( 'The form has expired. Go back, reload the page and try again.', 'settings-plugin' ),
				array( 'status' => 403 )
			);
		}

		$posted = $request[ self::FORM ] ?? array();

		if ( ! is_array( $posted ) ) {
			$posted = array();
		}

		$this->settings->save( $this->settings->from_form( $posted, $this->settings->get() ), $now );

		return true;
	}

	/**
	 * Prints the page.
	 */
	public function render(): void {
		$values = $this->settings->get();
		?>
		<div class="wrap">
			<h1><?php esc_html_e( 'Notice Bar', 'settings-plugin' ); ?></h1>
			<form method="post" action="<?php echo esc_url( admin_url( 'admin-post.php' ) ); ?>">
				<input type="hidden" name="action" value="<?php echo esc_attr( self::ACTION ); ?>">
				<?php wp_nonce_field( self::ACTION ); ?>
				<table class="form-table" role="presentation">
					<?php
					$this->row_checkbox( 'enabled', __( 'Show the notice', 'settings-plugin' ), $values['enabled'] );
					$this->row_checkbox( 'members_only', __( 'Only to people who are logged in', 'settings-plugin' ), $values['members_only'] );
					$this->row_text( 'message', __( 'Message', 'settings-plugin' ), $values['message'] );
					$this->row_choice( 'style', __( 'Style', 'settings-plugin' ), $values['style'] );
					$this->row_number( 'days', __( 'Days to show it for', 'settings-plugin' ), $values['days'] );
					?>
				</table>
				<?php submit_button(); ?>
			</form>
		</div>
		<?php
	}

	/**
	 * Prints a row with a checkbox.
	 *
	 * @param string $name  Field.
	 * @param string $label Label.
	 * @param bool   $value Ticked or not.
	 */
	private function row_checkbox( string $name, string $label, bool $value ): void {
		printf(
			'<tr><th scope="row"><label for="%1$s">%2$s</label></th><td><input type="checkbox" id="%1$s" name="%3$s" value="1"%4$s></td></tr>',
			esc_attr( "notice-bar-$name" ),
			esc_html( $label ),
			esc_attr( self::FORM . "[$name]" ),
			checked( $value, true, false )
		);
	}

	/**
	 * Prints a row with a line of text.
	 *
	 * @param string $name  Field.
	 * @param string $label Label.
	 * @param string $value Text.
	 */
	private function row_text( string $name, string $label, string $value ): void {
		printf(
			'<tr><th scope="row"><label for="%1$s">%2$s</label></th><td><input type="text" class="large-text" id="%1$s" name="%3$s" value="%4$s" maxlength="%5$d"></td></tr>',
			esc_attr( "notice-bar-$name" ),
			esc_html( $label ),
			esc_attr( self::FORM . "[$name]" ),
			esc_attr( $value ),
			(int) Settings::FIELDS[ $name ]['max_length']
		);
	}

	/**
	 * Prints a row with a list to choose from.
	 *
	 * @param string $name  Field.
	 * @param string $label Label.
	 * @param string $value Chosen value.
	 */
	private function row_choice( string $name, string $label, string $value ): void {
		$options = '';

		foreach ( Settings::FIELDS[ $name ]['choices'] as $choice ) {
			$options .= sprintf(
				'<option value="%1$s"%2$s>%1$s</option>',
				esc_attr( $choice ),
				selected( $value, $choice, false )
			);
		}

		printf(
			'<tr><th scope="row"><label for="%1$s">%2$s</label></th><td><select id="%1$s" name="%3$s">%4$s</select></td></tr>',
			esc_attr( "notice-bar-$name" ),
			esc_html( $label ),
			esc_attr( self::FORM . "[$name]" ),
			$options // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- Each option was escaped above.
		);
	}

	/**
	 * Prints a row with a number.
	 *
	 * @param string $name  Field.
	 * @param string $label Label.
	 * @param int    $value Number.
	 */
	private function row_number( string $name, string $label, int $value ): void {
		printf(
			'<tr><th scope="row"><label for="%1$s">%2$s</label></th><td><input type="number" id="%1$s" name="%3$s" value="%4$d" min="%5$d" max="%6$d"></td></tr>',
			esc_attr( "notice-bar-$name" ),
			esc_html( $label ),
			esc_attr( self::FORM . "[$name]" ),
			(int) $value,
			(int) Settings::FIELDS[ $name ]['min'],
			(int) Settings::FIELDS[ $name ]['max']
		);
	}
}

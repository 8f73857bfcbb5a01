<?php
/**
 * `wp codebox` without the extension.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Answers every `wp codebox …` with what is missing. Which commands there are is the extension's to
 * say; only the doctor works without it.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Missing_Extension {

	/**
	 * What `wp help codebox` shows.
	 *
	 * @since 0.1.0
	 *
	 * @return array<string, mixed>
	 */
	public static function help(): array {
		return array(
			'shortdesc' => 'Needs the PHP extension wp_codebox, which cannot be used. See: wp codebox doctor',
			'synopsis'  => array(
				array(
					'type'      => 'positional',
					'name'      => 'command',
					'optional'  => true,
					'repeating' => true,
				),
				array(
					'type'     => 'generic',
					'optional' => true,
				),
			),
		);
	}

	/**
	 * Refuses, or lets the doctor speak.
	 *
	 * @since 0.1.0
	 *
	 * @param string[]             $args  The words after `wp codebox`.
	 * @param array<string, mixed> $flags The flags.
	 */
	public function __invoke( array $args, array $flags ): void {
		if ( 'doctor' === ( $args[0] ?? '' ) ) {
			( new WP_Codebox_CLI_Doctor_Command() )( array(), $flags );
			return;
		}
		WP_Codebox_CLI_Output::fail( WP_Codebox_Extension::problem() . ' ' . WP_Codebox_Extension::remedy() );
	}
}

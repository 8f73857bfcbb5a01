<?php
/**
 * `wp codebox doctor`.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Prints the doctor's findings. The exit status is 1 if something keeps runs from working.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Doctor_Command {

	private const COLUMNS = array( 'label', 'status', 'message', 'fix' );

	/**
	 * What `wp help codebox doctor` shows.
	 *
	 * @since 0.1.0
	 *
	 * @return array<string, mixed>
	 */
	public static function help(): array {
		return array(
			'shortdesc' => 'Looks whether everything is there that a run needs, and says how to mend what is not.',
			'longdesc'  => 'The exit status is 1 if a check has the status error.',
			'synopsis'  => WP_Codebox_CLI_Output::synopsis( WP_Codebox_CLI_Output::REPORT ),
		);
	}

	/**
	 * Examines and prints.
	 *
	 * @since 0.1.0
	 *
	 * @param string[]             $args  Positional arguments; there are none.
	 * @param array<string, mixed> $flags Flags.
	 */
	public function __invoke( array $args, array $flags ): void {
		try {
			$output = new WP_Codebox_CLI_Output( $flags, WP_Codebox_CLI_Output::REPORT, 'table' );
			$checks = WP_Codebox_Doctor::examine();
		} catch ( Throwable $e ) {
			WP_Codebox_CLI_Output::fail( $e->getMessage() );
		}
		$output->rows( $checks, self::COLUMNS );
		if ( in_array( 'error', array_column( $checks, 'status' ), true ) ) {
			WP_CLI::halt( 1 );
		}
	}
}

<?php
/**
 * Running the tests.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

use Throwable;

/**
 * Runs a test file in this process, as often as asked.
 *
 * The file must test the sources as they are on the disk at that moment. PHP cannot redefine what
 * it has loaded, so that is the test file's own business; the settings plugin's harness shows one
 * way of doing it.
 */
final class Test_Run {

	/**
	 * Makes a run.
	 *
	 * @param string $file Absolute path of the test file.
	 */
	public function __construct( private readonly string $file ) {}

	/**
	 * Runs the tests. What they print, and what PHP warns of meanwhile, is swallowed: a test that
	 * minds a warning must fail.
	 */
	public function run(): Test_Result {
		$level = ob_get_level();
		ob_start();
		set_error_handler( static fn(): bool => true ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_set_error_handler -- For the time of the run.

		try {
			// A scope of its own: the file sees none of our variables.
			return Test_Result::of( ( static fn( string $file ) => include $file )( $this->file ) );
		} catch ( Throwable $error ) {
			return Test_Result::error( get_class( $error ) . ': ' . $error->getMessage() );
		} finally {
			restore_error_handler();

			while ( ob_get_level() > $level ) {
				ob_end_clean();
			}
		}
	}
}

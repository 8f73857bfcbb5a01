<?php
/**
 * Runs the plugin's tests in a loaded WordPress and prints TAP 13.
 *
 * From a shell: `wp eval-file tests/run.php` (exit status 1 if a test fails).
 * From PHP: `$result = include 'tests/run.php';` gives
 * `array{status: 'passed'|'failed', tests: list<array{name: string, status: 'passed'|'failed', message?: string}>}`.
 *
 * It can be included any number of times in one process, and each time it tests the files as they
 * are on the disk at that moment: see `fresh_copy()` in harness.php.
 *
 * @package Notice_Bar
 */

$notice_bar_harness = require __DIR__ . '/harness.php';
$notice_bar_result  = $notice_bar_harness->run(
	require __DIR__ . '/cases.php',
	$notice_bar_harness->fresh_copy( dirname( __DIR__ ) . '/includes' )
);

echo $notice_bar_harness->tap( $notice_bar_result ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- Plain text for a terminal.

// WP-CLI's eval-file sets $args, and a shell wants to know by the exit status.
if ( isset( $args ) && 'passed' !== $notice_bar_result['status'] ) {
	exit( 1 );
}

return $notice_bar_result;

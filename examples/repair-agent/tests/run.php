<?php
/**
 * The agent's own tests: `wp eval-file tests/run.php`, with the plugin active. They use the
 * settings plugin beside it, its harness and its bug.
 *
 * @package Repair_Agent
 */

$repair_agent_harness = require dirname( __DIR__, 2 ) . '/settings-plugin/tests/harness.php';
$repair_agent_result  = $repair_agent_harness->run( require __DIR__ . '/cases.php', '' );

echo $repair_agent_harness->tap( $repair_agent_result ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- Plain text for a terminal.

// WP-CLI's eval-file sets $args, and a shell wants to know by the exit status.
if ( isset( $args ) && 'passed' !== $repair_agent_result['status'] ) {
	exit( 1 );
}

return $repair_agent_result;

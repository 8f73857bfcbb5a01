<?php
/**
 * The family of commands.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Runs tasks in a disposable WordPress and shows what they leave.
 *
 * ## EXAMPLES
 *
 *     # Is everything there?
 *     $ wp codebox doctor
 *
 *     # Run a task.
 *     $ wp codebox run-agent-task --input-file=task.json
 *
 *     # Read what it left.
 *     $ wp codebox artifacts list --format=table
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Family extends WP_CLI\Dispatcher\CommandNamespace {}

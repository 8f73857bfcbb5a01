<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * A task that fails leaves a specific reason and a bundle, and the next task is none the worse.
 */
final class FailedTaskTest extends SiteTestCase {

	use RunAssertions;

	/**
	 * @return array<string, array{string, string, array<string, mixed>, string}> Task, code, further
	 *     fields, and what the message holds.
	 */
	public static function failures(): array {
		return array(
			'throws'             => array( 'throw', 'wp_codebox_run_fatal', array(), 'thrown by the task' ),
			'ends in a fatal'    => array( 'fatal', 'wp_codebox_run_fatal', array(), '/no/such/file.php' ),
			'exits'              => array( 'exit', 'wp_codebox_run_exited', array(), '' ),
			'runs out of memory' => array( 'memory', 'wp_codebox_run_memory_exhausted', array(), '' ),
			'loops for ever'     => array( 'loop', 'wp_codebox_run_timeout', array( 'task_timeout_seconds' => 5 ), '' ),
			'returns an error'   => array( 'error', 'wp_codebox_run_failed', array(), 'refused by the task' ),
			'says that it failed' => array( 'no-good', 'wp_codebox_run_failed', array(), 'The task says that it failed.' ),
			'is not registered'  => array( 'unheard-of', 'wp_codebox_run_ability_missing', array(), 'tasks/unheard-of' ),
		);
	}

	/**
	 * @dataProvider failures
	 *
	 * @param array<string, mixed> $more Further fields of the input.
	 */
	public function test_a_failure_is_specific_and_leaves_a_bundle( string $task, string $code, array $more, string $message ): void {
		$run = self::run_task( Task::input( $task, $more ) );
		self::assert_failed( $run, $code );
		if ( '' !== $message ) {
			self::assertStringContainsString( $message, $run['error']['message'] );
		}

		$next = Task::input( 'edit' );
		self::assert_edited( self::run_task( $next ), $next );
	}

	public function test_what_a_failed_task_had_changed_is_in_its_bundle(): void {
		$input  = Task::input( 'half-way' );
		$bundle = self::assert_failed( self::run_task( $input ), 'wp_codebox_run_fatal' );
		$after  = self::patched( $input['mounts'][0]['source'], $bundle . '/files/patch.diff' );
		self::assertSame( "half-way\n", $after['greeting.txt'] );
	}

	public function test_a_component_that_does_not_load_fails_the_task(): void {
		$input = Task::input( 'edit' );
		file_put_contents( $input['component_contracts'][0]['path'] . '/tasks.php', "<?php\n/* Plugin Name: Tasks */\nthis is not PHP" );
		$run = self::run_task( $input );
		self::assert_failed( $run, 'wp_codebox_run_fatal' );

		$next = Task::input( 'edit' );
		self::assert_edited( self::run_task( $next ), $next );
	}
}

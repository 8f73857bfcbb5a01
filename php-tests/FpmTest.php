<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;

/**
 * Tasks in php-fpm: its workers are forked, live on after a request, and run at the same time.
 */
final class FpmTest extends TestCase {

	use RunAssertions;

	private const WORKERS = 4;

	public function test_four_workers_run_two_tasks_each(): void {
		$fpm   = new Fpm( self::WORKERS );
		$input = Task::input( 'edit' );
		$first = $this->round( $fpm, $input );
		self::assertCount( self::WORKERS, $first, 'Each request has a worker of its own.' );
		self::assertEqualsCanonicalizing( $first, $this->round( $fpm, $input ), 'The workers are the same.' );
	}

	public function test_a_worker_lives_on_after_a_task_that_failed(): void {
		$fpm  = new Fpm( 1 );
		$pids = array();
		foreach ( array( 'memory' => 'wp_codebox_run_memory_exhausted', 'throw' => 'wp_codebox_run_fatal' ) as $task => $code ) {
			$answer = $this->answer( $fpm, $this->request( $fpm, Task::input( $task ), 1 ) );
			self::assert_failed( $answer['run'], $code );
			$pids[] = $answer['pid'];
		}
		$input  = Task::input( 'edit' );
		$answer = $this->answer( $fpm, $this->request( $fpm, $input, 1 ) );
		self::assert_edited( $answer['run'], $input );
		self::assertSame( array( $answer['pid'], $answer['pid'] ), $pids, $fpm->log() );
	}

	/**
	 * WP_CODEBOX_TEST_CYCLES: how many requests, more than a few hundred for a soak.
	 */
	public function test_a_sandbox_in_every_request_under_load_kills_no_worker_and_leaks_nothing(): void {
		foreach ( array( 'static', 'ondemand' ) as $manager ) {
			$fpm      = new Fpm( self::WORKERS, $manager );
			$requests = array();
			$open     = array();
			for ( $sent = 0, $count = (int) ( getenv( 'WP_CODEBOX_TEST_CYCLES' ) ?: 200 ); $sent < $count || $requests; ) {
				while ( $sent < $count && count( $requests ) < 2 * self::WORKERS ) {
					$requests[] = new FastCgi( $fpm->socket, __DIR__ . '/fixtures/fpm-sandbox.php' );
					++$sent;
				}
				$body   = array_shift( $requests )->body();
				$answer = json_decode( $body, true );
				self::assertSame( '1', $answer['result'] ?? null, $body . $fpm->log() );
				$open[ $answer['pid'] ][] = $answer['open'];
			}
			self::assertLessThanOrEqual( self::WORKERS, count( $open ), 'No worker was replaced: ' . $fpm->log() );
			foreach ( $open as $counts ) {
				$settled = array_slice( $counts, 2 );
				self::assertLessThanOrEqual( 1, count( array_unique( $settled ) ), 'Descriptors: ' . implode( ' ', $counts ) );
			}
			self::assertStringNotContainsString( 'exited on signal', $fpm->log() );
		}
	}

	/**
	 * Sends as many requests at once as there are workers.
	 *
	 * @param array<string, mixed> $input The task.
	 * @return int[] The workers that answered.
	 */
	private function round( Fpm $fpm, array $input ): array {
		$requests = array();
		$meeting  = $this->meeting();
		for ( $i = 0; $i < self::WORKERS; $i++ ) {
			$requests[] = $this->request( $fpm, $input, self::WORKERS, $meeting );
		}
		$pids = array();
		foreach ( $requests as $request ) {
			$answer = $this->answer( $fpm, $request );
			self::assert_edited( $answer['run'], $input );
			$pids[ $answer['pid'] ] = $answer['pid'];
		}
		return array_values( $pids );
	}

	/**
	 * @param array<string, mixed> $input The task.
	 */
	private function request( Fpm $fpm, array $input, int $workers, ?string $meeting = null ): FastCgi {
		return new FastCgi(
			$fpm->socket,
			__DIR__ . '/fixtures/fpm-task.php',
			array(
				'TEST_PARENT'  => untrailingslashit( ABSPATH ),
				'TEST_INPUT'   => (string) json_encode( $input ),
				'TEST_MEETING' => $meeting ?? $this->meeting(),
				'TEST_WORKERS' => (string) $workers,
			)
		);
	}

	/**
	 * Waits for a worker's answer.
	 *
	 * @return array{pid: int, run: array<string, mixed>}
	 */
	private function answer( Fpm $fpm, FastCgi $request ): array {
		$body   = $request->body();
		$answer = json_decode( $body, true );
		self::assertIsArray( $answer['run'] ?? null, $body . $fpm->log() );
		return $answer;
	}

	/**
	 * An empty directory in which the workers of a round count themselves.
	 */
	private function meeting(): string {
		$meeting = Site::scratch( 'meeting' );
		Site::remove( $meeting );
		mkdir( $meeting );
		return $meeting;
	}
}

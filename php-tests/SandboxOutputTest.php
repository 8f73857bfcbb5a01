<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use DomainException;
use PHPUnit\Framework\TestCase;
use WP_Codebox_API;
use WP_Codebox_Exception;
use WP_Codebox_Sandbox;

/**
 * Being there while a command runs: its output as it comes, cancellation, signals.
 */
final class SandboxOutputTest extends TestCase {

	private WP_Codebox_Sandbox $sandbox;
	private string $before;

	protected function setUp(): void {
		$this->sandbox = WP_Codebox_API::create_sandbox();
		$this->before  = $this->sandbox->snapshot()['id'];
	}

	public function test_output_comes_while_the_command_runs(): void {
		// The command goes on only when the host has answered, which it does from the callback.
		$directory = Site::scratch( 'answers' );
		Site::remove( $directory );
		mkdir( $directory );
		$sandbox = WP_Codebox_API::create_sandbox( array( 'mounts' => array( array( 'source' => $directory, 'target' => '/workspace' ) ) ) );
		$code    = 'echo "ready"; for ( $i = 0; $i < 3000; $i++ ) { clearstatcache(); if ( file_exists( "/workspace/go" ) ) { return "seen"; } usleep( 10000 ); } return "alone";';
		$heard   = '';
		$answer  = $sandbox->execute(
			'wordpress.run-php',
			array( 'code' => $code ),
			array(
				'on_output' => static function ( string $channel, string $bytes ) use ( &$heard, $directory ): void {
					$heard .= "$channel:$bytes";
					file_put_contents( "$directory/go", '' );
				},
			)
		);
		self::assertSame( array( 'seen', 'stdout:ready', 'ready' ), array( $answer['result'], $heard, $answer['stdout'] ) );
	}

	public function test_both_channels_are_heard_and_nothing_is_lost(): void {
		$heard  = array( 'stdout' => '', 'stderr' => '' );
		$code   = '$err = fopen( "php://stderr", "w" ); for ( $i = 0; $i < 3000; $i++ ) { echo str_repeat( "o", 1024 ); fwrite( $err, "$i\n" ); } return strlen( "\0\xff" );';
		$answer = $this->execute(
			$code,
			static function ( string $channel, string $bytes ) use ( &$heard ): void {
				$heard[ $channel ] .= $bytes;
			}
		);
		self::assertSame( 3000 * 1024, strlen( $heard['stdout'] ) );
		self::assertSame( implode( "\n", range( 0, 2999 ) ) . "\n", $heard['stderr'] );
		self::assertSame( array( $answer['stdout'], $answer['stderr'] ), array_values( $heard ) );
	}

	public function test_a_flood_is_heard_up_to_the_output_limit_and_costs_the_host_nothing(): void {
		$heard  = 0;
		$answer = $this->execute(
			'for ( $i = 0; $i < 40; $i++ ) { echo str_repeat( "x", 1 << 20 ); } return true;',
			static function ( string $channel, string $bytes ) use ( &$heard ): void {
				$heard += strlen( $bytes );
			}
		);
		self::assertTrue( $answer['result'] );
		self::assertSame( 8 << 20, $heard );
		self::assertStringContainsString( 'bytes more were dropped', substr( $answer['stdout'], -60 ) );
	}

	public function test_a_callback_cancels_a_command_that_never_ends(): void {
		$answer = $this->execute( 'echo "x"; while ( true ) {}', fn() => self::assertTrue( $this->sandbox->cancel() ) );
		$this->assert_cancelled( $answer );
	}

	public function test_a_callback_cancels_a_command_that_floods(): void {
		$answer = $this->execute( 'while ( true ) { echo str_repeat( "x", 100000 ); }', fn() => $this->sandbox->cancel() );
		$this->assert_cancelled( $answer );
	}

	public function test_there_is_nothing_to_cancel_between_commands(): void {
		self::assertFalse( $this->sandbox->cancel() );
		self::assertSame( 'fine', $this->execute( 'return "fine";' )['result'] );
	}

	public function test_an_exception_of_the_callback_ends_the_command_and_comes_through(): void {
		$calls = 0;
		try {
			$this->execute(
				'while ( true ) { echo "x"; }',
				static function () use ( &$calls ): void {
					++$calls;
					throw new DomainException( 'mine' );
				}
			);
			self::fail( 'The exception was swallowed.' );
		} catch ( DomainException $e ) {
			self::assertSame( array( 'mine', 1 ), array( $e->getMessage(), $calls ) );
		}
		self::assertSame( 'stopped', $this->sandbox->info()['status'] );
		$this->sandbox->restore( $this->before );
		self::assertSame( 'back', $this->execute( 'return "back";' )['result'] );
	}

	public function test_a_callback_keeps_the_deadline(): void {
		$options = array( 'timeout_seconds' => 1, 'on_output' => static function (): void {} );
		$answer  = $this->sandbox->execute( 'wordpress.run-php', array( 'code' => 'while ( true ) { echo "x"; }' ), $options );
		self::assertSame( 'wp_codebox_run_timeout', $answer['error']['code'] );
	}

	public function test_a_callback_cannot_pull_the_sandbox_from_under_the_command_but_use_another(): void {
		$other  = WP_Codebox_API::create_sandbox();
		$inner  = array();
		$answer = $this->execute(
			'echo "x"; return "outer";',
			function () use ( $other, &$inner ): void {
				foreach ( array( 'destroy', 'snapshot', 'fork' ) as $method ) {
					try {
						$this->sandbox->$method();
						$inner[] = "$method was carried out";
					} catch ( WP_Codebox_Exception $e ) {
						$inner[ $e->getMessage() ] = true;
					}
				}
				$inner[] = $other->execute( 'wordpress.run-php', array( 'code' => 'echo "y"; return "inner";' ), array( 'on_output' => static function (): void {} ) )['result'];
			}
		);
		self::assertSame( 'outer', $answer['result'] );
		self::assertSame( array( 'The sandbox is in the middle of another call.' => true, 0 => 'inner' ), $inner );
	}

	/**
	 * @requires extension pcntl
	 */
	public function test_a_signal_s_handler_runs_while_the_command_computes_and_can_cancel_it(): void {
		$handled = 0;
		pcntl_signal(
			SIGALRM,
			function () use ( &$handled ): void {
				++$handled;
				$this->sandbox->cancel();
			}
		);
		pcntl_async_signals( true );
		try {
			pcntl_alarm( 1 );
			$answer = $this->execute( 'while ( true ) {}' );
		} finally {
			pcntl_async_signals( false );
			pcntl_signal( SIGALRM, SIG_DFL );
		}
		self::assertSame( 1, $handled );
		$this->assert_cancelled( $answer );
	}

	public function test_deadlines_hold_in_parallel_forks(): void {
		$stuck   = array( 'command' => 'wordpress.run-php', 'args' => array( 'code' => 'while ( true ) {}' ), 'timeout_seconds' => 1 );
		$answers = $this->sandbox->execute_in_forks( array( $stuck, $stuck, $stuck ), 3 );
		self::assertSame( array_fill( 0, 3, 'wp_codebox_run_timeout' ), array_map( static fn( $answer ) => $answer['error']['code'], $answers ) );
	}

	public function test_what_cannot_be_called_is_refused(): void {
		try {
			$this->sandbox->execute( 'wordpress.run-php', array( 'code' => '1;' ), array( 'on_output' => 'no_such_function' ) );
			self::fail( 'It was not refused.' );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertSame( 'on_output', $e->get_error_data()['field'] );
		}
	}

	private function execute( string $code, ?callable $on_output = null ): array {
		return $this->sandbox->execute( 'wordpress.run-php', array( 'code' => $code ), array( 'on_output' => $on_output ) );
	}

	private function assert_cancelled( array $answer ): void {
		self::assertSame( 'wp_codebox_run_cancelled', $answer['error']['code'] );
		self::assertSame( 'stopped', $this->sandbox->info()['status'] );
		$this->sandbox->restore( $this->before );
		self::assertSame( 'back', $this->execute( 'return "back";' )['result'] );
	}
}

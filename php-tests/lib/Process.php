<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use RuntimeException;

/**
 * A child process. Ends with its object, whatever happens.
 */
final class Process {

	/**
	 * Seconds after which a process that should have ended is killed.
	 */
	private const DEADLINE = 300;

	/** @var resource */
	private $handle;
	/** @var resource */
	private $stdout;
	/** @var resource */
	private $stderr;

	/**
	 * Starts a process, without a shell.
	 *
	 * @param string[]                   $command     The command and its arguments.
	 * @param array<string, string|null> $environment Changes to our own environment; null removes.
	 * @param string                     $stdin       What the process reads.
	 */
	public function __construct( array $command, array $environment = array(), string $stdin = '' ) {
		$input        = self::scratch();
		$this->stdout = self::scratch();
		$this->stderr = self::scratch();
		fwrite( $input, $stdin );
		rewind( $input );
		$merged = array_filter( array_merge( getenv(), $environment ), static fn( $value ) => null !== $value );
		$pipes  = array();
		$handle = proc_open( $command, array( $input, $this->stdout, $this->stderr ), $pipes, null, $merged );
		if ( false === $handle ) {
			throw new RuntimeException( "Cannot start {$command[0]}." );
		}
		$this->handle = $handle;
	}

	/**
	 * Runs a process to its end.
	 *
	 * @param string[]                   $command     The command and its arguments.
	 * @param array<string, string|null> $environment Changes to our own environment; null removes.
	 * @param string                     $stdin       What the process reads.
	 */
	public static function run( array $command, array $environment = array(), string $stdin = '' ): Finished {
		$process = new self( $command, $environment, $stdin );
		$until   = microtime( true ) + self::DEADLINE;
		while ( $process->is_running() ) {
			if ( microtime( true ) > $until ) {
				$process->stop();
				throw new RuntimeException( "{$command[0]} did not end.\n" . $process->output() );
			}
			usleep( 5000 );
		}
		return $process->finished();
	}

	/**
	 * The same, for PHP with the extension.
	 *
	 * @param string[]                   $arguments   PHP's arguments.
	 * @param array<string, string|null> $environment Changes to our own environment; null removes.
	 * @param string                     $stdin       What the process reads.
	 */
	public static function php( array $arguments, array $environment = array(), string $stdin = '' ): Finished {
		return self::run( array_merge( array( PHP_BINARY ), $arguments ), $environment, $stdin );
	}

	private ?int $status = null;

	public function is_running(): bool {
		if ( null !== $this->status ) {
			return false;
		}
		$state = proc_get_status( $this->handle );
		if ( ! $state['running'] ) {
			// A killed process has its signal; PHP reports the exit code only once.
			$this->status = $state['signaled'] ? 128 + $state['termsig'] : $state['exitcode'];
		}
		return $state['running'];
	}

	/**
	 * Ends the process and waits for it.
	 */
	public function stop(): void {
		if ( $this->is_running() ) {
			proc_terminate( $this->handle );
			$until = microtime( true ) + 5;
			while ( $this->is_running() ) {
				if ( microtime( true ) > $until ) {
					proc_terminate( $this->handle, SIGKILL );
				}
				usleep( 5000 );
			}
		}
	}

	/**
	 * Sends what Ctrl-C sends, and waits for the end.
	 */
	public function interrupted(): Finished {
		proc_terminate( $this->handle, SIGINT );
		$until = microtime( true ) + self::DEADLINE;
		while ( $this->is_running() ) {
			if ( microtime( true ) > $until ) {
				$this->stop();
				throw new RuntimeException( "An interrupted process did not end.\n" . $this->output() );
			}
			usleep( 5000 );
		}
		return $this->finished();
	}

	/**
	 * Everything that it has written so far.
	 */
	public function output(): string {
		return self::contents( $this->stdout ) . self::contents( $this->stderr );
	}

	public function __destruct() {
		$this->stop();
	}

	private function finished(): Finished {
		return new Finished( (int) $this->status, self::contents( $this->stdout ), self::contents( $this->stderr ) );
	}

	/**
	 * Files instead of pipes: a process can write as much as it likes without anybody reading.
	 *
	 * @return resource
	 */
	private static function scratch() {
		$file = tmpfile();
		if ( false === $file ) {
			throw new RuntimeException( 'No temporary file.' );
		}
		return $file;
	}

	/**
	 * @param resource $file A file of ours. The child shares its offset, so it is read by name.
	 */
	private static function contents( $file ): string {
		return (string) file_get_contents( stream_get_meta_data( $file )['uri'] );
	}
}

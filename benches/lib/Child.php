<?php
declare( strict_types = 1 );

namespace WP_Codebox\Bench;

use RuntimeException;

/**
 * A process that is measured, or that measures itself.
 */
final class Child {

	/** @var resource */
	private $handle;
	/** @var array<int, resource> */
	private array $pipes = array();

	/**
	 * @param string[] $command The command and its arguments.
	 * @param bool     $quiet   Drops what it says on stderr, which else goes where ours goes.
	 */
	private function __construct( private array $command, bool $quiet = false ) {
		$errors = $quiet ? array( 'file', '/dev/null', 'w' ) : STDERR;
		$handle = proc_open( $command, array( array( 'pipe', 'r' ), array( 'pipe', 'w' ), $errors ), $this->pipes );
		if ( false === $handle ) {
			throw new RuntimeException( "Cannot start {$command[0]}." );
		}
		$this->handle = $handle;
	}

	/**
	 * Starts a process that answers lines with lines of JSON, or a server.
	 *
	 * @param string[] $command The command and its arguments.
	 * @param bool     $quiet   Drops what it says on stderr.
	 */
	public static function start( array $command, bool $quiet = false ): self {
		return new self( $command, $quiet );
	}

	/**
	 * Asks a process that was started.
	 *
	 * @return array<mixed>
	 */
	public function ask( string $line ): array {
		fwrite( $this->pipes[0], $line . "\n" );
		return $this->decoded( (string) fgets( $this->pipes[1] ) );
	}

	/**
	 * Runs a process to its end: what it printed, how long it took from start to exit, and the
	 * most memory that it or a child of it had.
	 *
	 * @param string[] $command The command and its arguments.
	 * @return array{stdout: string, wall_ms: float, rss_mib: float}
	 */
	public static function run( array $command ): array {
		$began = hrtime( true );
		$child = new self( $command );
		// Asked before it can have ended: later, asking would take its usage away.
		$pid = (int) proc_get_status( $child->handle )['pid'];
		fclose( $child->pipes[0] );
		$stdout = (string) stream_get_contents( $child->pipes[1] );
		$usage  = array();
		pcntl_waitpid( $pid, $status, 0, $usage );
		$wall = ( hrtime( true ) - $began ) / 1e6;
		if ( ! pcntl_wifexited( $status ) || 0 !== pcntl_wexitstatus( $status ) ) {
			throw new RuntimeException( 'Failed: ' . implode( ' ', $command ) . "\n" . $stdout );
		}
		return array(
			'stdout'  => $stdout,
			'wall_ms' => $wall,
			'rss_mib' => $usage['ru_maxrss'] / 1024,
		);
	}

	/**
	 * Runs a process that prints JSON.
	 *
	 * @param string[] $command The command and its arguments.
	 * @return array<mixed>
	 */
	public static function json( array $command ): array {
		$child = new self( $command );
		fclose( $child->pipes[0] );
		return $child->decoded( (string) stream_get_contents( $child->pipes[1] ) );
	}

	/**
	 * @return array<mixed>
	 */
	private function decoded( string $text ): array {
		$answer = json_decode( $text, true );
		if ( ! is_array( $answer ) ) {
			throw new RuntimeException( 'No answer from: ' . implode( ' ', $this->command ) . "\n" . $text );
		}
		return $answer;
	}

	public function __destruct() {
		foreach ( $this->pipes as $pipe ) {
			if ( is_resource( $pipe ) ) {
				fclose( $pipe );
			}
		}
		proc_terminate( $this->handle );
		proc_close( $this->handle );
	}
}

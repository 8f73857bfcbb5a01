<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use RuntimeException;

/**
 * php-fpm with a fixed number of workers.
 */
final class Fpm {

	public readonly string $socket;

	private string $directory;

	private Process $process;

	/**
	 * @param string $manager `static`: all workers are there from the start. `ondemand`: they come and go.
	 */
	public function __construct( int $workers, string $manager = 'static' ) {
		// A socket's path may have 107 bytes.
		$this->directory = sys_get_temp_dir() . '/wp-codebox-fpm-' . bin2hex( random_bytes( 6 ) );
		$this->socket    = $this->directory . '/socket';
		mkdir( $this->directory, 0700 );
		file_put_contents( $this->directory . '/fpm.conf', $this->configuration( $workers, $manager ) );

		$command = array( self::program(), '--nodaemonize', '--fpm-config', $this->directory . '/fpm.conf' );
		if ( 0 === posix_geteuid() ) {
			$command[] = '--allow-to-run-as-root';
		}
		$this->process = new Process( $command );
		for ( $tries = 0; ! file_exists( $this->socket ); $tries++ ) {
			if ( $tries > 500 || ! $this->process->is_running() ) {
				throw new RuntimeException( "php-fpm does not listen.\n" . $this->process->output() );
			}
			usleep( 20000 );
		}
	}

	public function __destruct() {
		$this->process->stop();
		Site::remove( $this->directory );
	}

	/**
	 * What the server has written: start, stop, and workers that died.
	 */
	public function log(): string {
		return $this->process->output();
	}

	private function configuration( int $workers, string $manager ): string {
		$user = posix_getpwuid( posix_geteuid() )['name'];
		return <<<INI
			[global]
			error_log = /proc/self/fd/2
			[www]
			user = $user
			listen = {$this->socket}
			pm = $manager
			pm.process_idle_timeout = 1s
			pm.max_children = $workers
			clear_env = no
			catch_workers_output = yes
			INI;
	}

	private static function program(): string {
		foreach ( array( '/usr/sbin/php-fpm' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION, '/usr/sbin/php-fpm' ) as $program ) {
			if ( is_executable( $program ) ) {
				return $program;
			}
		}
		throw new RuntimeException( 'php-fpm is not installed.' );
	}
}

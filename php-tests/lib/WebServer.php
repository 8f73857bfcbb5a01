<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use RuntimeException;

/**
 * The parent site behind PHP's built-in web server.
 */
final class WebServer {

	private Process $process;

	/** `http://127.0.0.1:<port>`. */
	public readonly string $origin;

	/**
	 * Starts a server on a free port and waits until it listens.
	 *
	 * @param string[] $ini    PHP settings, `name=value`.
	 * @param string   $router A PHP file that decides about every request; empty for none.
	 */
	public function __construct( array $ini = array(), string $router = '' ) {
		$probe = stream_socket_server( 'tcp://127.0.0.1:0' );
		$at    = stream_socket_get_name( $probe, false );
		fclose( $probe );

		$command = array( PHP_BINARY );
		foreach ( $ini as $setting ) {
			array_push( $command, '-d', $setting );
		}
		array_push( $command, '-S', $at, '-t', untrailingslashit( ABSPATH ) );
		if ( '' !== $router ) {
			$command[] = $router;
		}
		$this->origin  = 'http://' . $at;
		$this->process = new Process( $command );
		for ( $tries = 0; ! @fsockopen( 'tcp://' . $at ); $tries++ ) {
			if ( $tries > 500 || ! $this->process->is_running() ) {
				throw new RuntimeException( "php -S does not listen.\n" . $this->process->output() );
			}
			usleep( 20000 );
		}
	}

	/**
	 * Asks the server something.
	 *
	 * @param string      $method  HTTP method.
	 * @param string      $path    Path and query.
	 * @param string      $account `login:application password`, or empty.
	 * @param string|null $body    JSON, or null.
	 */
	public function request( string $method, string $path, string $account = '', ?string $body = null ): Response {
		$headers = array();
		if ( '' !== $account ) {
			$headers[] = 'Authorization: Basic ' . base64_encode( $account );
		}
		if ( null !== $body ) {
			$headers[] = 'Content-Type: application/json';
		}
		$context = stream_context_create(
			array(
				'http' => array(
					'method'        => $method,
					'header'        => $headers,
					'content'       => (string) $body,
					'ignore_errors' => true,
					'timeout'       => 300,
				),
			)
		);
		$body    = file_get_contents( $this->origin . $path, false, $context );
		if ( false === $body || ! preg_match( '~^HTTP/\S+ (\d+)~', $http_response_header[0], $matches ) ) {
			throw new RuntimeException( "No answer to {$method} {$path}.\n" . $this->process->output() );
		}
		return new Response( (int) $matches[1], $body );
	}

	/**
	 * Runs an ability over REST with POST.
	 *
	 * @param string               $name    Ability.
	 * @param array<string, mixed> $input   Its input.
	 * @param string               $account `login:application password`, or empty.
	 */
	public function post_ability( string $name, array $input, string $account = '' ): Response {
		return $this->request( 'POST', self::route( $name ), $account, (string) json_encode( array( 'input' => $input ) ) );
	}

	/**
	 * Runs an ability over REST with GET.
	 *
	 * @param string               $name    Ability.
	 * @param array<string, mixed> $input   Its input.
	 * @param string               $account `login:application password`, or empty.
	 */
	public function get_ability( string $name, array $input, string $account = '' ): Response {
		return $this->request( 'GET', self::route( $name ) . '&' . http_build_query( array( 'input' => $input ) ), $account );
	}

	private static function route( string $name ): string {
		return '/index.php?rest_route=/wp-abilities/v1/abilities/' . $name . '/run';
	}
}

<?php
/**
 * Plugin Name: WP Codebox HTTP
 * Description: Requests of WordPress's HTTP API are carried out by the host, under the sandbox's network policy.
 */

namespace WP_Codebox\Sandbox;

use WpOrg\Requests\Capability;
use WpOrg\Requests\Exception;
use WpOrg\Requests\Requests;
use WpOrg\Requests\Transport;

if ( ! interface_exists( Transport::class ) ) {
	return;
}

/**
 * Hands each request to the host's HTTP client through a local socket.
 *
 * The host reads a line of JSON and the body. It answers in frames of four bytes of length and as
 * many bytes: the head, pieces of the body, an empty one. Redirects come back here as responses and
 * are followed by Requests itself, so that the policy sees each of them.
 */
final class Http_Transport implements Transport {

	private const SOCKET = 'unix:///internal/codebox/http.sock';

	/**
	 * Stands in place of a length where a frame with a problem follows.
	 */
	private const PROBLEM = 0xffffffff;

	/**
	 * Carries a request out.
	 *
	 * @param string|\Stringable   $url     URL to request.
	 * @param array<string, mixed> $headers Headers by name.
	 * @param string|array|null    $data    Body, or parameters.
	 * @param array<string, mixed> $options Options of Requests.
	 * @return string Head and body as HTTP spells them; empty if nobody waits for them.
	 * @throws Exception If there is no response. The message names the host, and the policy if that is why.
	 */
	public function request( $url, $headers = array(), $data = array(), $options = array() ) {
		$url  = (string) $url;
		$body = '';
		if ( 'query' === $options['data_format'] ) {
			$url = self::with_query( $url, $data );
		} elseif ( Requests::TRACE !== $options['type'] ) {
			$body = is_array( $data ) ? http_build_query( $data, '', '&' ) : (string) $data;
		}
		$pairs  = self::pairs( $url, (array) $headers, $body, $options );
		$socket = self::open();
		try {
			self::ask(
				$socket,
				array(
					'method'          => (string) $options['type'],
					'url'             => $url,
					'headers'         => $pairs,
					'body'            => strlen( $body ),
					'timeout'         => (float) max( 1, $options['timeout'] ),
					'connect_timeout' => (float) max( 1, $options['connect_timeout'] ?? $options['timeout'] ),
					'verify'          => false !== ( $options['verify'] ?? true ),
				),
				$body
			);
			$head = self::head( self::frame( $socket ) );
			if ( ! $options['blocking'] ) {
				return '';
			}
			return $head . self::body( $socket, $options );
		} finally {
			fclose( $socket );
		}
	}

	/**
	 * Carries several requests out, one after the other.
	 *
	 * @param array<int|string, array<string, mixed>> $requests What request() takes, by name.
	 * @param array<string, mixed>                    $options  Not used: each request has its own.
	 * @return array<int|string, mixed> Responses or exceptions by name.
	 */
	public function request_multiple( $requests, $options ) {
		$responses = array();
		foreach ( $requests as $id => $request ) {
			try {
				$responses[ $id ] = $this->request( $request['url'], $request['headers'], $request['data'], $request['options'] );
				$request['options']['hooks']->dispatch( 'transport.internal.parse_response', array( &$responses[ $id ], $request ) );
			} catch ( Exception $exception ) {
				$responses[ $id ] = $exception;
			}
			if ( ! is_string( $responses[ $id ] ) ) {
				$request['options']['hooks']->dispatch( 'multiple.request.complete', array( &$responses[ $id ], $id ) );
			}
		}
		return $responses;
	}

	/**
	 * Whether this transport can do something. It can.
	 *
	 * @param array<string, bool> $capabilities What is asked for.
	 */
	public static function test( $capabilities = array() ) {
		return true;
	}

	/**
	 * Makes this the transport of every request.
	 */
	public static function install(): void {
		foreach ( array( array(), array( Capability::SSL => true ), array( Capability::SSL => false ) ) as $capabilities ) {
			Requests::$transport[ serialize( $capabilities ) ] = self::class;
		}
	}

	/**
	 * A URL with parameters.
	 *
	 * @param string       $url  URL.
	 * @param string|array $data Parameters.
	 */
	private static function with_query( string $url, $data ): string {
		$url   = explode( '#', $url, 2 )[0];
		$query = is_array( $data ) ? http_build_query( $data, '', '&' ) : (string) $data;
		if ( '' === $query ) {
			return $url;
		}
		$has_query = str_contains( $url, '?' );
		return $url . ( $has_query ? ( str_ends_with( $url, '?' ) ? '' : '&' ) : '?' ) . $query;
	}

	/**
	 * The headers to send, as pairs.
	 *
	 * @param string               $url     URL.
	 * @param array<string, mixed> $headers Headers by name.
	 * @param string               $body    Body.
	 * @param array<string, mixed> $options Options of Requests.
	 * @return list<array{string, string}>
	 */
	private static function pairs( string $url, array $headers, string $body, array $options ): array {
		$pairs = array();
		$known = array();
		foreach ( $headers as $name => $value ) {
			$pairs[] = array( (string) $name, (string) $value );

			$known[ strtolower( (string) $name ) ] = true;
		}
		$defaults = array(
			'User-Agent'   => (string) $options['useragent'],
			'Accept'       => '*/*',
			'Content-Type' => '' === $body && Requests::POST !== $options['type'] ? '' : 'application/x-www-form-urlencoded; charset=UTF-8',
			// A file gets the bytes that the server has; what stays in memory is decoded by Requests.
			'Accept-Encoding' => empty( $options['filename'] ) ? 'gzip, deflate' : '',
		);
		$user = parse_url( $url, PHP_URL_USER );
		if ( is_string( $user ) ) {
			$defaults['Authorization'] = 'Basic ' . base64_encode( rawurldecode( $user ) . ':' . rawurldecode( (string) parse_url( $url, PHP_URL_PASS ) ) );
		}
		foreach ( $defaults as $name => $value ) {
			if ( '' !== $value && ! isset( $known[ strtolower( $name ) ] ) ) {
				$pairs[] = array( $name, $value );
			}
		}
		return $pairs;
	}

	/**
	 * A connection to the host.
	 *
	 * @return resource
	 * @throws Exception If there is none.
	 */
	private static function open() {
		$socket = @stream_socket_client( self::SOCKET, $code, $message, 1 );
		if ( false === $socket ) {
			throw new Exception( "The sandbox cannot make another request: {$message}.", 'wp_codebox.busy', null, $code );
		}
		// The host keeps the request's time limit.
		stream_set_timeout( $socket, 7200 );
		return $socket;
	}

	/**
	 * Sends the request.
	 *
	 * @param resource             $socket Connection.
	 * @param array<string, mixed> $ask    The request but for its body.
	 * @param string               $body   The body.
	 * @throws Exception If the host does not take it.
	 */
	private static function ask( $socket, array $ask, string $body ): void {
		$line = json_encode( $ask, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION );
		$rest = $line . "\n" . $body;
		while ( '' !== $rest ) {
			$sent = @fwrite( $socket, $rest );
			if ( false === $sent || 0 === $sent ) {
				throw new Exception( 'The request is too large for the sandbox.', 'wp_codebox.size' );
			}
			$rest = substr( $rest, $sent );
		}
	}

	/**
	 * The head of a response as HTTP spells it.
	 *
	 * @param string $frame First frame of the answer.
	 * @throws Exception If it is no response.
	 */
	private static function head( string $frame ): string {
		$answer = json_decode( $frame, true );
		if ( ! isset( $answer['status'] ) ) {
			self::refuse( $answer );
		}
		$lines = array( "HTTP/1.1 {$answer['status']}" );
		foreach ( $answer['headers'] as list( $name, $value ) ) {
			$lines[] = "{$name}: {$value}";
		}
		return implode( "\r\n", $lines ) . "\r\n\r\n";
	}

	/**
	 * Reads the body, into the file if one is named.
	 *
	 * @param resource             $socket  Connection.
	 * @param array<string, mixed> $options Options of Requests.
	 * @return string The body; empty if it went into a file.
	 * @throws Exception If it ends early, or the file cannot be written.
	 */
	private static function body( $socket, array $options ): string {
		$file = null;
		if ( ! empty( $options['filename'] ) ) {
			$file = @fopen( $options['filename'], 'wb' );
			if ( false === $file ) {
				throw new Exception( "Failed to open stream: {$options['filename']}", 'fopen' );
			}
		}
		$limit = (int) ( $options['max_bytes'] ?? 0 );
		$size  = 0;
		$body  = '';
		for ( $piece = self::frame( $socket ); '' !== $piece; $piece = self::frame( $socket ) ) {
			$options['hooks']->dispatch( 'request.progress', array( $piece, $size, $limit ) );
			if ( $limit > 0 ) {
				$piece = substr( $piece, 0, $limit - $size );
			}
			$size += strlen( $piece );
			if ( null === $file ) {
				$body .= $piece;
			} elseif ( strlen( $piece ) !== @fwrite( $file, $piece ) ) {
				throw new Exception( "Failed to write to {$options['filename']}", 'fwrite' );
			}
			if ( $limit > 0 && $size >= $limit ) {
				break;
			}
		}
		if ( null !== $file ) {
			fclose( $file );
		}
		return $body;
	}

	/**
	 * Reads a frame.
	 *
	 * @param resource $socket Connection.
	 * @throws Exception If a problem follows instead.
	 */
	private static function frame( $socket ): string {
		$length = unpack( 'N', self::read( $socket, 4 ) )[1];
		if ( self::PROBLEM === $length ) {
			self::refuse( json_decode( self::frame( $socket ), true ) );
		}
		return self::read( $socket, $length );
	}

	/**
	 * Reads so many bytes.
	 *
	 * @param resource $socket Connection.
	 * @param int      $length How many.
	 * @throws Exception If there are not so many.
	 */
	private static function read( $socket, int $length ): string {
		$bytes = '';
		while ( strlen( $bytes ) < $length ) {
			$piece = fread( $socket, $length - strlen( $bytes ) );
			if ( false === $piece || ( '' === $piece && feof( $socket ) ) ) {
				throw new Exception( 'The host ended the request.', 'wp_codebox.internal' );
			}
			$bytes .= $piece;
		}
		return $bytes;
	}

	/**
	 * Throws what the host has to say.
	 *
	 * @param mixed $answer Its frame.
	 * @return never
	 * @throws Exception Always.
	 */
	private static function refuse( $answer ) {
		$type = (string) ( $answer['error']['type'] ?? 'internal' );
		throw new Exception( (string) ( $answer['error']['message'] ?? 'The host gave no response.' ), 'wp_codebox.' . $type );
	}
}

Http_Transport::install();

<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use RuntimeException;

/**
 * One FastCGI request: https://fastcgi-archives.github.io/FastCGI_Specification.html. It is sent when
 * the object is made, so that several can be under way at once.
 */
final class FastCgi {

	private const BEGIN_REQUEST = 1;
	private const PARAMS        = 4;
	private const STDIN         = 5;
	private const STDOUT        = 6;
	private const STDERR        = 7;
	private const RESPONDER     = 1;

	/** @var resource */
	private $connection;

	/**
	 * Sends a GET request.
	 *
	 * @param string                $socket Path of the server's socket.
	 * @param string                $script Path of the PHP file.
	 * @param array<string, string> $params Further variables for `$_SERVER`.
	 */
	public function __construct( string $socket, string $script, array $params = array() ) {
		$connection = stream_socket_client( 'unix://' . $socket, $code, $message, 10 );
		if ( false === $connection ) {
			throw new RuntimeException( "Cannot connect to {$socket}: {$message}" );
		}
		stream_set_timeout( $connection, 300 );
		$this->connection = $connection;

		$params += array(
			'GATEWAY_INTERFACE' => 'CGI/1.1',
			'SERVER_PROTOCOL'   => 'HTTP/1.1',
			'REQUEST_METHOD'    => 'GET',
			'REQUEST_URI'       => '/',
			'QUERY_STRING'      => '',
			'HTTP_HOST'         => '127.0.0.1:8888',
			'SCRIPT_FILENAME'   => $script,
		);
		$pairs   = '';
		foreach ( $params as $name => $value ) {
			$pairs .= self::length( $name ) . self::length( $value ) . $name . $value;
		}
		$this->send( self::BEGIN_REQUEST, pack( 'nCx5', self::RESPONDER, 0 ) );
		foreach ( str_split( $pairs, 65535 ) as $part ) {
			$this->send( self::PARAMS, $part );
		}
		$this->send( self::PARAMS, '' );
		$this->send( self::STDIN, '' );
	}

	/**
	 * Waits for the answer and returns its body.
	 */
	public function body(): string {
		$streams = array(
			self::STDOUT => '',
			self::STDERR => '',
		);
		while ( '' !== (string) ( $header = stream_get_contents( $this->connection, 8 ) ) ) {
			$record                        = unpack( 'Cversion/Ctype/nid/nlength/Cpadding/x', $header );
			$content                       = 0 === $record['length'] ? '' : stream_get_contents( $this->connection, $record['length'] );
			$streams[ $record['type'] ]    = ( $streams[ $record['type'] ] ?? '' ) . $content;
			if ( $record['padding'] > 0 ) {
				stream_get_contents( $this->connection, $record['padding'] );
			}
		}
		$parts = explode( "\r\n\r\n", $streams[ self::STDOUT ], 2 );
		if ( ! isset( $parts[1] ) || '' !== $streams[ self::STDERR ] ) {
			throw new RuntimeException( 'The worker gave no answer: ' . $streams[ self::STDOUT ] . $streams[ self::STDERR ] );
		}
		return $parts[1];
	}

	private function send( int $type, string $content ): void {
		fwrite( $this->connection, pack( 'CCnnCx', 1, $type, 1, strlen( $content ), 0 ) . $content );
	}

	private static function length( string $text ): string {
		$length = strlen( $text );
		return $length < 128 ? chr( $length ) : pack( 'N', $length | 0x80000000 );
	}
}

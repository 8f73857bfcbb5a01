<?php
/**
 * Makes a request of the sandbox's own REST API, in process.
 */

namespace WP_Codebox\Sandbox;

return static function ( array $call ): array {
	if ( isset( $call['user'] ) ) {
		\wp_set_current_user( user_id( $call['user'] ) );
	}
	list( $path, $query ) = explode( '?', $call['path'], 2 ) + array( '', '' );
	$path    = '/' . ltrim( (string) preg_replace( '#^/' . preg_quote( \rest_get_url_prefix(), '#' ) . '(?=/|$)#', '', rawurldecode( $path ) ), '/' );
	$request = new \WP_REST_Request( $call['method'], $path );
	\wp_parse_str( $query, $parameters );
	$request->set_query_params( $parameters );
	$request->set_headers( $call['headers'] ?? array() );
	if ( isset( $call['params'] ) ) {
		if ( 'GET' === $call['method'] ) {
			$request->set_query_params( $call['params'] + $parameters );
		} else {
			$request->set_body_params( $call['params'] );
		}
	}
	if ( isset( $call['body'] ) ) {
		$request->set_body( $call['body'] );
	}
	$begun    = microtime( true );
	$response = \rest_do_request( $request );
	$elapsed  = microtime( true ) - $begun;
	return array(
		'schema'  => 'wp-codebox/wordpress-rest-request/v1',
		'command' => 'wordpress.rest-request',
		'method'  => $call['method'],
		'path'    => $call['path'],
		'route'   => (string) $response->get_matched_route(),
		'status'  => $response->get_status(),
		'headers' => (object) array_map( 'strval', $response->get_headers() ),
		'data'    => \rest_get_server()->response_to_data( $response, isset( $parameters['_embed'] ) ),
		'timing'  => array( 'durationMs' => round( 1000 * $elapsed, 3 ) ),
	);
};

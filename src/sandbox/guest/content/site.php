<?php
/**
 * Options, constants, users, and content that is there.
 */

namespace WP_Codebox\Sandbox\Content;

use function WP_Codebox\Sandbox\run_file;
use function WP_Codebox\Sandbox\set_environment;

const DEFINES = '/internal/codebox/defines.json';

/**
 * Runs a PHP file with a request around it.
 *
 * @param array<string, mixed> $task The host's task.
 */
function run_php( array $task ): mixed {
	$file = confine( $task['file'] );
	if ( ! is_file( $file ) ) {
		throw new Refused( 'not_file', "$file is not a file." );
	}
	set_environment( $task['environment'] );
	foreach ( $task['server'] as $name => $value ) {
		$_SERVER[ $name ] = $value;
	}
	if ( isset( $task['server']['REQUEST_URI'] ) ) {
		$query                   = (string) wp_parse_url( $task['server']['REQUEST_URI'], PHP_URL_QUERY );
		$_SERVER['QUERY_STRING'] = $query;
		parse_str( $query, $_GET );
		$_REQUEST = array_merge( $_REQUEST, $_GET );
	}
	return run_file( $file );
}

/**
 * Sets options.
 *
 * @param array<string, mixed> $options Values by name.
 */
function set_options( array $options ): array {
	foreach ( $options as $name => $value ) {
		update_option( (string) $name, $value );
	}
	return array( 'options' => array_map( 'strval', array_keys( $options ) ) );
}

/**
 * Defines constants from the next command on.
 *
 * @param array<string, mixed> $constants Values by name.
 */
function define_constants( array $constants ): array {
	$defines = (array) json_decode( (string) file_get_contents( DEFINES ), true );
	$flags   = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION;
	file_put_contents( DEFINES, json_encode( array_merge( $defines, $constants ), $flags ) );
	return array( 'constants' => array_keys( $constants ) );
}

/**
 * Makes sure that there is such a user.
 *
 * @param string $username A login.
 */
function log_in( string $username ): array {
	$user = get_user_by( 'login', $username );
	if ( false === $user ) {
		throw new Refused( 'user_missing', sprintf( 'There is no user %s.', $username ) );
	}
	return array(
		'user' => $user->user_login,
		'id'   => $user->ID,
	);
}

/**
 * Sets a user's fields.
 *
 * @param int                  $user_id The user.
 * @param array<string, mixed> $meta    Values by key.
 */
function set_user_meta( int $user_id, array $meta ): array {
	if ( false === get_userdata( $user_id ) ) {
		throw new Refused( 'user_missing', sprintf( 'There is no user with the id %d.', $user_id ) );
	}
	foreach ( $meta as $key => $value ) {
		update_user_meta( $user_id, (string) $key, wp_slash( $value ) );
	}
	return array( 'id' => $user_id );
}

/**
 * Removes content.
 *
 * @param string[]|null $kinds Null: all of it.
 */
function reset_data( ?array $kinds ): array {
	global $wpdb;
	$removed = array(
		'posts'    => 0,
		'comments' => 0,
	);
	if ( null === $kinds ) {
		$removed['posts']    = (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->posts" );
		$removed['comments'] = (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->comments" );
		foreach ( array( $wpdb->posts, $wpdb->postmeta, $wpdb->comments, $wpdb->commentmeta, $wpdb->term_relationships ) as $table ) {
			must_query( "TRUNCATE TABLE $table" );
		}
		must_query( "UPDATE $wpdb->term_taxonomy SET count = 0" );
		wp_cache_flush();
		return $removed;
	}
	$types = array_intersect_key(
		array(
			'posts' => 'post',
			'pages' => 'page',
		),
		array_flip( $kinds )
	);
	foreach ( $types as $type ) {
		foreach ( $wpdb->get_col( $wpdb->prepare( "SELECT ID FROM $wpdb->posts WHERE post_type = %s", $type ) ) as $id ) {
			wp_delete_post( (int) $id, true );
			++$removed['posts'];
		}
	}
	if ( in_array( 'comments', $kinds, true ) ) {
		foreach ( $wpdb->get_col( "SELECT comment_ID FROM $wpdb->comments" ) as $id ) {
			wp_delete_comment( (int) $id, true );
			++$removed['comments'];
		}
	}
	return $removed;
}

/**
 * Runs a query that must succeed.
 *
 * @param string $query Complete.
 */
function must_query( string $query ): int {
	global $wpdb;
	$wpdb->suppress_errors( true );
	$result = $wpdb->query( $query );
	if ( false === $result ) {
		$why = wp_strip_all_tags( $wpdb->last_error );
		// The database layer tells its whole history.
		if ( preg_match( '/session were:\s*(.*?)\s*Backtrace:/s', $why, $found ) ) {
			$why = $found[1];
		}
		throw new Refused( 'query_failed', sprintf( 'The database refused %s: %s', substr( $query, 0, 120 ), substr( $why, 0, 500 ) ) );
	}
	return (int) $result;
}

/**
 * Makes a user, or brings one that is there in line.
 *
 * @param string $file The user, with the password.
 */
function make_user( string $file ): array {
	global $wpdb;
	$wanted = (array) json_decode( (string) file_get_contents( $file ), true );
	if ( null === get_role( $wanted['role'] ) ) {
		throw new Refused( 'role_missing', sprintf( 'There is no role %s.', $wanted['role'] ) );
	}
	$fields = array(
		'user_login'   => $wanted['username'],
		'user_email'   => $wanted['email'],
		'display_name' => $wanted['displayName'] ?? $wanted['username'],
		'role'         => $wanted['role'],
		'user_pass'    => $wanted['password'] ?? wp_generate_password( 32 ),
	);
	$there  = get_user_by( 'login', $wanted['username'] );
	$id     = $wanted['userId'] ?? null;
	if ( null !== $id && false !== get_userdata( $id ) && ( false === $there || $there->ID !== $id ) ) {
		throw new Refused( 'user_id_taken', sprintf( 'Another user has the id %d.', $id ) );
	}
	if ( null !== $id && false !== $there && $there->ID !== $id ) {
		throw new Refused( 'user_exists', sprintf( 'The user %s has another id.', $wanted['username'] ) );
	}
	$fields = wp_slash( $fields );
	// Nobody reads mail to fixtures.
	add_filter( 'send_password_change_email', '__return_false' );
	add_filter( 'send_email_change_email', '__return_false' );
	if ( false !== $there ) {
		$fields['ID'] = $there->ID;
		$user_id      = must( wp_update_user( $fields ) );
	} else {
		if ( null !== $id ) {
			// WordPress itself gives a new user no chosen number.
			$row = array(
				'ID'         => $id,
				'user_login' => $wanted['username'],
			);
			if ( false === $wpdb->insert( $wpdb->users, $row ) ) {
				throw new Refused( 'user_failed', 'The user could not be made.' );
			}
			clean_user_cache( $id );
			$wpdb->update( $wpdb->users, array( 'user_registered' => current_time( 'mysql', true ) ), array( 'ID' => $id ) );
			$fields['ID'] = $id;
		}
		$user_id = must( null === $id ? wp_insert_user( $fields ) : wp_update_user( $fields ) );
	}
	return array(
		'name'     => $wanted['name'],
		'userId'   => $user_id,
		'username' => $wanted['username'],
		'role'     => $wanted['role'],
		'created'  => false === $there,
	);
}

<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Application_Passwords;

/**
 * A user with an application password, for requests over HTTP. It is in the database for good, where
 * the server can see it, until it is removed.
 */
final class Account {

	public readonly int $id;

	/** `login:application password`. */
	public readonly string $credentials;

	public function __construct( string $role ) {
		$login    = 'tester-' . strtolower( wp_generate_password( 12, false ) );
		$this->id = wp_insert_user(
			array(
				'user_login' => $login,
				'user_pass'  => wp_generate_password(),
				'role'       => $role,
			)
		);

		[ $password ]      = WP_Application_Passwords::create_new_application_password( $this->id, array( 'name' => 'tests' ) );
		$this->credentials = "{$login}:{$password}";
	}

	public function remove(): void {
		wp_delete_user( $this->id );
	}
}

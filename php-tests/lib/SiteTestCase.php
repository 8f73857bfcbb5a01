<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;

/**
 * A test in the parent's own process. What it writes to the database is rolled back, and hooks, user
 * and options are as before. Other processes do not see what it writes: see {@see ProcessTestCase}.
 */
abstract class SiteTestCase extends TestCase {

	/** @var array<string, \WP_Hook> */
	private array $hooks;

	protected function setUp(): void {
		global $wpdb, $wp_filter;
		parent::setUp();
		$this->hooks = array_map( static fn( $hook ) => clone $hook, $wp_filter );
		wp_cache_flush();
		$wpdb->query( 'START TRANSACTION' );
		$administrators = get_users( array( 'role' => 'administrator', 'number' => 1 ) );
		wp_set_current_user( $administrators[0]->ID );
	}

	protected function tearDown(): void {
		global $wpdb, $wp_filter;
		$wpdb->query( 'ROLLBACK' );
		wp_cache_flush();
		wp_set_current_user( 0 );
		$wp_filter = $this->hooks;
		parent::tearDown();
	}

	/**
	 * Becomes a new user.
	 */
	protected function become( string $role ): void {
		wp_set_current_user( ( new Account( $role ) )->id );
	}

	/**
	 * Asserts that a value is a WP_Error with this code and status.
	 *
	 * @param mixed  $error  The value.
	 * @param int    $status HTTP status in its data.
	 * @param string $code   Error code.
	 * @param string $field  Field that data and message name; empty if none.
	 */
	protected static function assert_error( $error, int $status, string $code, string $field = '' ): void {
		self::assertInstanceOf( \WP_Error::class, $error, print_r( $error, true ) );
		$data = $error->get_error_data();
		self::assertSame( array( $code, $status ), array( $error->get_error_code(), $data['status'] ?? null ), $error->get_error_message() );
		if ( '' !== $field ) {
			self::assertSame( $field, $data['field'] ?? null );
			self::assertStringContainsString( $field, $error->get_error_message() );
		}
	}
}

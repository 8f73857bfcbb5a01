<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;

/**
 * A test that asks other processes: a web server, php-fpm, WP-CLI. They see the database as it is, so
 * nothing is rolled back here, and a test removes what it makes.
 */
abstract class ProcessTestCase extends TestCase {

	protected static ?WebServer $server = null;

	protected static Account $administrator;

	protected static Account $subscriber;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::$server        = new WebServer();
		self::$administrator = new Account( 'administrator' );
		self::$subscriber    = new Account( 'subscriber' );
	}

	public static function tearDownAfterClass(): void {
		self::$administrator->remove();
		self::$subscriber->remove();
		self::$server = null;
		parent::tearDownAfterClass();
	}
}

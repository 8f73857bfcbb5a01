<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;

/**
 * `wp codebox doctor`: what it finds, and what it says to do about it.
 */
final class DoctorTest extends TestCase {

	public function test_all_is_well(): void {
		$ended = $this->doctor();
		self::assertSame( 0, $ended->status, $ended->stdout . $ended->stderr );
		$checks = $ended->json();
		self::assertEqualsCanonicalizing(
			array( 'php', 'wordpress', 'plugin', 'extension', 'settings', 'runtime', 'runtime_bytes', 'artifacts_dir', 'cache_dir', 'abilities', 'artifacts_private' ),
			array_column( $checks, 'id' )
		);
		foreach ( $checks as $check ) {
			self::assertSame( array( 'ok', '' ), array( $check['status'], $check['fix'] ), $check['message'] );
			self::assertNotSame( '', $check['message'] );
		}
		$byid = array_column( $checks, null, 'id' );
		self::assertStringContainsString( PHP_VERSION, $byid['php']['message'] );
		self::assertStringContainsString( wp_get_wp_version(), $byid['wordpress']['message'] );
		self::assertStringContainsString( (string) phpversion( 'wp_codebox' ), $byid['extension']['message'] );
	}

	public function test_people_get_a_table(): void {
		$ended = Process::run( array_merge( Site::wp_command(), array( 'codebox', 'doctor' ) ) );
		self::assertSame( 0, $ended->status, $ended->stderr );
		self::assertStringContainsString( 'Runtime pack', $ended->stdout );
		self::assertNull( json_decode( $ended->stdout ) );
	}

	public function test_a_missing_pack_has_the_command_that_builds_one(): void {
		$check = $this->finds_an_error( 'runtime', array( 'wp_codebox.runtime_dir=/no/such/pack' ) );
		self::assertStringContainsString( '/no/such/pack', $check['message'] );
		self::assertStringContainsString( 'wp-codebox-runtime build', $check['fix'] );
	}

	public function test_a_changed_byte_of_the_pack_is_found(): void {
		$pack = Site::scratch( 'damaged-pack' );
		Site::remove( $pack );
		$links = Process::run( array( 'cp', '-al', (string) ini_get( 'wp_codebox.runtime_dir' ), $pack ) );
		if ( 0 !== $links->status ) {
			Site::remove( $pack );
			$links = Process::run( array( 'cp', '-a', (string) ini_get( 'wp_codebox.runtime_dir' ), $pack ) );
		}
		self::assertSame( 0, $links->status, $links->stderr );

		// The copies are links: a new file, not a change of the old one.
		$file = $pack . '/wordpress/wp-includes/version.php';
		$text = (string) file_get_contents( $file );
		unlink( $file );
		file_put_contents( $file, '/' . substr( $text, 1 ) );

		$check = $this->finds_an_error( 'runtime_bytes', array( "wp_codebox.runtime_dir=$pack" ) );
		self::assertStringContainsString( 'wordpress/wp-includes/version.php', $check['message'] );
		self::assertStringContainsString( 'wp-codebox-runtime build', $check['fix'] );
		Site::remove( $pack );
	}

	public function test_a_directory_that_cannot_be_written_is_found(): void {
		$file = Site::scratch( 'a-file' );
		touch( $file );
		$check = $this->finds_an_error( 'artifacts_dir', array( "wp_codebox.artifacts_dir=$file/beneath" ) );
		self::assertStringContainsString( 'wp_codebox.artifacts_dir', $check['fix'] );
		$check = $this->finds_an_error( 'cache_dir', array( "wp_codebox.cache_dir=$file/beneath" ) );
		self::assertStringContainsString( 'wp_codebox.cache_dir', $check['fix'] );
	}

	public function test_a_setting_that_makes_no_sense_is_found(): void {
		$check = $this->finds_an_error( 'settings', array( 'wp_codebox.timeout=soon' ) );
		self::assertStringContainsString( 'wp_codebox.timeout', $check['message'] );
	}

	public function test_artifacts_that_the_web_can_read_are_found(): void {
		$directory = $this->directory_in_the_web();
		$server    = new WebServer();
		$check     = $this->finds_an_error( 'artifacts_private', array( "wp_codebox.artifacts_dir=$directory" ), $server->origin );
		self::assertStringContainsString( $server->origin . '/wp-content/wp-codebox-tests/private/', $check['message'] );
		self::assertStringContainsString( 'wp_codebox.artifacts_dir', $check['fix'] );
		self::assertSame( array(), glob( $directory . '/probe-*' ), 'Nothing is left behind.' );
	}

	public function test_artifacts_that_the_web_server_refuses_are_private(): void {
		$directory = $this->directory_in_the_web();
		$server    = new WebServer( array(), __DIR__ . '/fixtures/router-private.php' );
		$ended     = $this->doctor( array( "wp_codebox.artifacts_dir=$directory" ), $server->origin );
		self::assertSame( 0, $ended->status, $ended->stdout );
		$check = array_column( $ended->json(), null, 'id' )['artifacts_private'];
		self::assertSame( 'ok', $check['status'] );
		self::assertStringContainsString( $server->origin, $check['message'] );
	}

	public function test_a_directory_that_is_not_there_yet_is_a_warning(): void {
		$directory = $this->directory_in_the_web();
		rmdir( $directory );
		$ended = $this->doctor( array( "wp_codebox.artifacts_dir=$directory" ) );
		self::assertSame( 0, $ended->status, $ended->stdout );
		$check = array_column( $ended->json(), null, 'id' )['artifacts_private'];
		self::assertSame( 'warning', $check['status'] );
		self::assertStringContainsString( $directory, $check['message'] );
		self::assertDirectoryDoesNotExist( $directory, 'The doctor changes nothing.' );
	}

	public function test_a_web_server_that_does_not_answer_is_a_warning(): void {
		$directory = $this->directory_in_the_web();
		// A port that is ours and on which nobody answers.
		$silent = stream_socket_server( 'tcp://127.0.0.1:0', $code, $message, STREAM_SERVER_BIND );
		$ended  = $this->doctor( array( "wp_codebox.artifacts_dir=$directory" ), 'http://' . stream_socket_get_name( $silent, false ) );
		self::assertSame( 0, $ended->status, $ended->stdout );
		$check = array_column( $ended->json(), null, 'id' )['artifacts_private'];
		self::assertSame( 'warning', $check['status'] );
		self::assertNotSame( '', $check['fix'] );
	}

	/**
	 * @param string[] $ini PHP settings, `name=value`.
	 * @return array<string, string> The check.
	 */
	private function finds_an_error( string $id, array $ini, string $url = '' ): array {
		$ended = $this->doctor( $ini, $url );
		self::assertSame( 1, $ended->status, $ended->stdout );
		$check = array_column( $ended->json(), null, 'id' )[ $id ];
		self::assertSame( 'error', $check['status'], $check['message'] );
		self::assertNotSame( '', $check['fix'] );
		return $check;
	}

	/**
	 * @param string[] $ini PHP settings, `name=value`.
	 */
	private function doctor( array $ini = array(), string $url = '' ): Finished {
		$words = array( 'codebox', 'doctor', '--format=json' );
		if ( '' !== $url ) {
			$words[] = '--url=' . $url;
		}
		return Process::run( array_merge( Site::wp_command( $ini ), $words ) );
	}

	private function directory_in_the_web(): string {
		$directory = WP_CONTENT_DIR . '/wp-codebox-tests/private';
		Site::remove( $directory );
		mkdir( $directory, 0755, true );
		return $directory;
	}
}

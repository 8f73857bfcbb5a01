<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;
use WP_Codebox_API;
use WP_Codebox_Exception;
use WP_Codebox_Sandbox;

/**
 * A held sandbox over its life: mounts, observations, bundles, events, its end.
 */
final class SandboxObjectTest extends TestCase {

	private WP_Codebox_Sandbox $sandbox;
	private string $directory;

	protected function setUp(): void {
		$this->sandbox   = WP_Codebox_API::create_sandbox();
		$this->directory = Site::scratch( 'held' );
		Site::remove( $this->directory );
		mkdir( $this->directory );
		file_put_contents( "$this->directory/note.txt", "before\n" );
	}

	public function test_a_mount_can_come_later_and_a_snapshot_from_before_does_not_have_it(): void {
		$before = $this->sandbox->snapshot()['id'];
		$mount  = $this->mount( array( 'metadata' => array( 'why' => 'test' ) ) );
		self::assertSame( array( '/workspace', 'readwrite', array( 'why' => 'test' ) ), array( $mount['target'], $mount['mode'], $mount['metadata'] ) );
		self::assertSame( "before\n", $this->run_php( 'return file_get_contents( "/workspace/note.txt" );' ) );
		$this->sandbox->restore( $before );
		self::assertSame( array(), $this->sandbox->info()['mounts'] );
		self::assertFalse( $this->run_php( 'return file_exists( "/workspace/note.txt" );' ) );
	}

	public function test_mounts_that_cannot_be_are_refused_by_field(): void {
		$this->mount();
		$cases = array(
			'source' => array( 'source' => '/no/such/place', 'target' => '/elsewhere' ),
			'target' => array( 'source' => $this->directory, 'target' => '/workspace' ),
			'mode'   => array( 'source' => $this->directory, 'target' => '/elsewhere', 'mode' => 'write' ),
			'colour' => array( 'source' => $this->directory, 'target' => '/elsewhere', 'colour' => 'red' ),
		);
		foreach ( $cases as $field => $mount ) {
			self::assert_refused( fn() => $this->sandbox->mount( $mount ), $field );
		}
		self::assert_refused( fn() => $this->sandbox->mount( array( 'source' => $this->directory, 'target' => '/wordpress/wp-admin' ) ), 'target' );
		$closed = WP_Codebox_API::create_sandbox( array( 'runtime_policy' => array( 'filesystem' => 'sandbox' ) ) );
		try {
			$closed->mount( array( 'source' => $this->directory, 'target' => '/workspace' ) );
			self::fail( 'The policy was not enforced.' );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertSame( 'runtime-policy-violation', $e->get_error_code() );
		}
	}

	public function test_files_are_observed_as_the_sandbox_has_them(): void {
		$this->mount();
		$this->run_php( 'file_put_contents( "/workspace/note.txt", "after\n" ); symlink( "/etc/passwd", "/workspace/link" ); file_put_contents( "/workspace/bytes", "\xff\x00" ); return 1;' );
		$look = fn( string $path ) => $this->observe( 'files', array( 'path' => $path, 'include_content' => true ) );
		$note = $look( '/workspace/note.txt' );
		self::assertSame( array( 'file', 6, "after\n", hash( 'sha256', "after\n" ) ), array( $note['kind'], $note['size'], $note['content'], $note['sha256'] ) );
		self::assertSame( "before\n", file_get_contents( "$this->directory/note.txt" ) );
		self::assertSame( array( 'kind' => 'symlink' ), array_intersect_key( $look( '/workspace/link' ), array( 'kind' => 1, 'content' => 1 ) ) );
		self::assertSame( base64_encode( "\xff\x00" ), $look( '/workspace/bytes' )['contentBase64'] );
		self::assertSame( array( 'bytes', 'link', 'note.txt' ), array_column( $look( '/workspace' )['entries'], 'name' ) );
		self::assertContains( 'workspace', array_column( $look( '/' )['entries'], 'name' ) );
		self::assertSame( 'missing', $look( '/workspace/none' )['kind'] );
		self::assertSame( 'missing', $look( '/workspace/link/x' )['kind'] );
	}

	public function test_commands_pages_state_and_events_are_observed(): void {
		$answer = $this->sandbox->execute( 'wordpress.run-php', array( 'code' => 'fwrite( fopen( "php://stderr", "w" ), "a line\n" ); return array( 1, 2 );' ) );
		$record = $this->observe( 'command-result', array( 'command_id' => $answer['id'] ) );
		self::assertTrue( $record['found'] );
		self::assertSame( array( 'schema' => 'wp-codebox/runtime-command-result/v1', 'status' => 'ok', 'json' => array( 1, 2 ) ), $record['command']['result'] );
		self::assertSame( array( 'commandId' => 'command-of-another', 'found' => false ), $this->observe( 'command-result', array( 'command_id' => 'command-of-another' ) ) );
		self::assertSame( array( 'a line' ), $this->observe( 'runtime-logs' ) );
		$page = $this->observe( 'http-response', array( 'url' => '/', 'include_body' => true ) );
		self::assertSame( 200, $page['status'] );
		self::assertStringContainsString( 'WP Codebox', $page['body'] );
		self::assertArrayNotHasKey( 'body', $this->observe( 'http-response', array( 'url' => '/wp-login.php' ) ) );
		$state = $this->observe( 'wordpress-state' );
		self::assertSame( 'WP Codebox', $state['site']['name'] );
		self::assertIsArray( $state['plugins']['plugins'] );
		self::assertSame( $this->sandbox->info()['id'], $this->observe( 'runtime-info' )['id'] );
		self::assertContains( 'runtime.observed', array_column( $this->observe( 'runtime-events' ), 'type' ) );
	}

	public function test_an_observation_has_a_digest_of_its_data(): void {
		$observation = $this->sandbox->observe( 'mounts' );
		self::assertSame( array( 'wp-codebox/runtime-episode-observation/v1', 'mounts', array() ), array( $observation['schema'], $observation['type'], $observation['data'] ) );
		self::assertSame( array( 'algorithm' => 'sha256', 'value' => hash( 'sha256', '[]' ) ), $observation['digest'] );
	}

	public function test_observations_that_cannot_be_are_refused(): void {
		$cases = array(
			array( 'type', 'browser-result', array() ),
			array( 'path', 'files', array() ),
			array( 'path', 'files', array( 'path' => '/a/../b' ) ),
			array( 'url', 'mounts', array( 'url' => '/' ) ),
			array( 'colour', 'mounts', array( 'colour' => 'red' ) ),
			array( 'options.type', 'mounts', array( 'type' => 'files' ) ),
		);
		foreach ( $cases as list( $field, $type, $options ) ) {
			self::assert_refused( fn() => $this->sandbox->observe( $type, $options ), $field );
		}
		try {
			$this->sandbox->observe( 'browser-result' );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertStringContainsString( 'browser-result is not supported', $e->getMessage() );
		}
		$narrow = WP_Codebox_API::create_sandbox( array( 'runtime_policy' => array( 'commands' => array( 'wordpress.run-php' ) ) ) );
		foreach ( array( array( 'http-response', array( 'url' => '/' ) ), array( 'wordpress-state', array() ) ) as list( $type, $options ) ) {
			try {
				$narrow->observe( $type, $options );
				self::fail( "The policy was not enforced for $type." );
			} catch ( WP_Codebox_Exception $e ) {
				self::assertSame( 'runtime-command-disallowed', $e->get_error_code() );
			}
		}
	}

	public function test_a_bundle_holds_what_happened_so_far_and_verifies(): void {
		$this->mount();
		$this->run_php( 'file_put_contents( "/workspace/note.txt", "after\n" ); return 1;' );
		$this->sandbox->observe( 'mounts' );
		$root     = Site::scratch( 'held-artifacts' );
		$artifact = $this->sandbox->collect_artifacts( array( 'artifacts_path' => $root, 'session_id' => 'held-1' ) )['artifact'];
		$verdict  = WP_Codebox_API::inspect_artifact( array( 'artifacts_path' => $root, 'artifact_id' => $artifact['id'] ) );
		self::assertTrue( $verdict['verification']['valid'], (string) json_encode( $verdict ) );
		$bundle = $artifact['directory'];
		self::assertStringContainsString( "-before\n+after\n", (string) file_get_contents( "$bundle/files/patch.diff" ) );
		self::assertStringContainsString( 'wordpress.run-php', (string) file_get_contents( "$bundle/commands.jsonl" ) );
		self::assertStringContainsString( '"type":"mounts"', (string) file_get_contents( "$bundle/observations.jsonl" ) );
		self::assertSame( 'held-1', $artifact['metadata']['sessionId'] );
		// It goes on, and the next bundle has more.
		$this->run_php( 'file_put_contents( "/workspace/more.txt", "more" ); return 1;' );
		$next = $this->sandbox->collect_artifacts( array( 'artifacts_path' => $root ) )['artifact'];
		self::assertNotSame( $artifact['id'], $next['id'] );
		self::assertCount( 2, $next['changed_files']['files'] );
		$collected = array_values( array_filter( $this->sandbox->destroy(), static fn( $event ) => 'runtime.artifacts.collected' === $event['type'] ) );
		self::assertSame( array( $artifact['id'], $next['id'] ), array_column( array_column( $collected, 'data' ), 'id' ) );
	}

	public function test_what_forks_did_and_were_kept_from_is_evidence_of_the_sandbox(): void {
		$sandbox = WP_Codebox_API::create_sandbox( array( 'runtime_policy' => array( 'commands' => array( 'wordpress.run-php' ) ) ) );
		$id      = $sandbox->info()['id'];
		$answers = $sandbox->execute_in_forks(
			array(
				array( 'command' => 'wordpress.run-php', 'args' => array( 'code' => 'wp_remote_get( "http://192.0.2.1/" ); return 1;' ) ),
				array( 'command' => 'wordpress.plugin-state', 'args' => array( 'action' => 'report' ) ),
			),
			1
		);
		self::assertSame( array( 1, 'runtime-command-disallowed' ), array( $answers[0]['result'], $answers[1]['error']['code'] ) );
		$record = $sandbox->observe( 'command-result', array( 'command_id' => $answers[0]['id'] ) )['data']['command'];
		$fork   = $answers[0]['runtimeId'];
		self::assertNotSame( $id, $fork );
		self::assertSame( array( $answers[0]['id'], $fork ), array( $record['id'], $record['runtimeId'] ) );
		$artifact = $sandbox->collect_artifacts( array( 'artifacts_path' => Site::scratch( 'held-artifacts' ) ) )['artifact'];
		self::assertStringContainsString( $fork, (string) file_get_contents( $artifact['directory'] . '/commands.jsonl' ) );
		self::assertSame( 'succeeded', $artifact['metadata']['outcome']['status'] );
		$of_forks = array_filter( $sandbox->destroy(), static fn( $event ) => isset( $event['data']['runtimeId'] ) && $id !== $event['data']['runtimeId'] );
		$denied   = array_values( array_filter( $of_forks, static fn( $event ) => 'runtime.policy.denied' === $event['type'] ) );
		self::assertSame( array( 'network', 'commands' ), array_column( array_column( $denied, 'data' ), 'field' ) );
		self::assertSame( $fork, $denied[0]['data']['runtimeId'] );
		self::assertNotSame( $fork, $denied[1]['data']['runtimeId'] );
		self::assertNotContains( 'runtime.created', array_column( $of_forks, 'type' ) );
	}

	public function test_a_bundle_of_a_stopped_sandbox_says_why(): void {
		$this->mount();
		$this->run_php( 'file_put_contents( "/workspace/note.txt", "after\n" ); return 1;' );
		$this->sandbox->execute( 'wordpress.run-php', array( 'code' => 'while ( true ) {}' ), array( 'timeout_seconds' => 1 ) );
		$artifact = $this->sandbox->collect_artifacts( array( 'artifacts_path' => Site::scratch( 'held-artifacts' ) ) )['artifact'];
		self::assertSame( array( 'failed', 'wp_codebox_run_timeout' ), array( $artifact['metadata']['outcome']['status'], $artifact['metadata']['outcome']['failure']['code'] ) );
		self::assertCount( 1, $artifact['changed_files']['files'] );
	}

	public function test_events_tell_the_whole_life(): void {
		$this->mount();
		$this->sandbox->execute( 'wordpress.run-php', array( 'code' => 'return 1;' ), array( 'timeout_seconds' => 7 ) );
		$id     = $this->sandbox->info()['id'];
		$events = array();
		foreach ( $this->sandbox->destroy() as $event ) {
			$events[ $event['type'] ] = $event['data'];
		}
		self::assertSame( array( 'kind', 'phpVersion' ), array_keys( $events['runtime.created']['environment'] ) );
		self::assertSame( '/workspace', $events['runtime.mounted']['mount']['target'] );
		self::assertSame( 'wordpress.run-php', $events['runtime.command.started']['command'] );
		self::assertGreaterThan( 6000, $events['runtime.command.started']['timeoutMs'] );
		self::assertLessThanOrEqual( 7000, $events['runtime.command.started']['timeoutMs'] );
		self::assertSame( 0, $events['runtime.command.finished']['exitCode'] );
		self::assertSame( array( 'runtimeId' => $id ), $events['runtime.destroyed'] );
		self::assertSame( array( $id, 'destroyed' ), array( $this->sandbox->info()['id'], $this->sandbox->info()['status'] ) );
		self::assertSame( array(), $this->sandbox->destroy() );
		self::assert_refused( fn() => $this->sandbox->execute( 'wordpress.run-php', array( 'code' => '1;' ) ), null );
	}

	private function mount( array $more = array() ): array {
		return $this->sandbox->mount( array( 'source' => $this->directory, 'target' => '/workspace' ) + $more );
	}

	private function observe( string $type, array $options = array() ): mixed {
		return $this->sandbox->observe( $type, $options )['data'];
	}

	private function run_php( string $code ): mixed {
		$answer = $this->sandbox->execute( 'wordpress.run-php', array( 'code' => $code ) );
		self::assertArrayNotHasKey( 'error', $answer, (string) json_encode( $answer ) );
		return $answer['result'];
	}

	private static function assert_refused( callable $call, ?string $field ): void {
		try {
			$call();
			self::fail( "$field was not refused." );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertSame( $field, $e->get_error_data()['field'] ?? null, $e->getMessage() );
		}
	}
}

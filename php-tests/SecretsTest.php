<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_API;

/**
 * `secret_env`: the value reaches the sandbox, and nothing that leaves it.
 */
final class SecretsTest extends SiteTestCase {

	use RunAssertions;

	private const NAME = 'WP_CODEBOX_TEST_SECRET';

	/**
	 * With every character that some encoding changes.
	 */
	private const VALUE = "s3cr3t/Zx9+Qw7'Lm5\"Kp2<&>\\%41 Vb8";

	protected function setUp(): void {
		parent::setUp();
		putenv( self::NAME . '=' . self::VALUE );
		add_filter( 'wp_codebox_allowed_secret_env', static fn( array $names ): array => array( ...$names, self::NAME ) );
	}

	protected function tearDown(): void {
		putenv( self::NAME );
		parent::tearDown();
	}

	public function test_the_sandbox_has_the_value_and_nobody_else(): void {
		$run = self::run_task( self::task() );
		self::assertTrue( $run['success'], (string) json_encode( $run ) );
		self::assertSame( strlen( self::VALUE ), $run['agent_result']['length'] );
		self::assertSame( 'The value is [REDACTED:configured-secret-value].', $run['agent_result']['summary'] );
		self::assert_hidden( (string) json_encode( $run, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ), 'the envelope' );
		self::assert_bundle_hides( self::assert_bundle( $run ) );
	}

	public function test_a_task_that_fails_does_not_tell_either(): void {
		$run    = self::run_task( self::task( array( 'throw' => true ) ) );
		$bundle = self::assert_failed( $run, 'wp_codebox_run_fatal' );
		self::assertStringContainsString( '[REDACTED:configured-secret-value]', $run['error']['message'] );
		self::assert_hidden( (string) json_encode( $run, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ), 'the envelope' );
		self::assert_bundle_hides( $bundle );
	}

	public function test_wp_cli_does_not_print_it(): void {
		foreach ( array( array(), array( 'throw' => true ) ) as $more ) {
			$ended = Site::wp( 'codebox', 'run-agent-task', '--input-json=' . json_encode( self::task( $more ) ) );
			self::assertSame( array() === $more ? 0 : 1, $ended->status, $ended->stderr );
			self::assertSame( array( self::NAME ), $ended->json()['task_input']['secret_env'] );
			self::assert_hidden( $ended->stdout, 'stdout' );
			self::assert_hidden( $ended->stderr, 'stderr' );
		}
	}

	public function test_names_stay_and_files_with_secrets_are_marked(): void {
		$run    = self::run_task( self::task() );
		$bundle = self::assert_bundle( $run );
		self::assertStringContainsString( '+' . self::NAME . "\n", (string) file_get_contents( "$bundle/files/patch.diff" ) );
		$changed  = self::read_json( "$bundle/files/changed-files.json" );
		$redacted = array_column( $changed['files'], 'redacted', 'relativePath' );
		self::assertTrue( $redacted['told-plain.txt'] );
		self::assertTrue( $redacted['told-wrapped.txt'] );
		self::assertTrue( $redacted['told.gz'] );
		self::assertArrayNotHasKey( 'name.txt', $redacted );
		$metadata = self::read_json( "$bundle/metadata.json" );
		self::assertSame( 'redacted', $metadata['redaction']['status'] );
		self::assertSame( 'wp-codebox/artifact-redaction/v1', $metadata['redaction']['schema'] );
	}

	public function test_the_attestation_names_secrets_and_claims_what_is_enforced(): void {
		$bundle      = self::assert_bundle( self::run_task( self::task() ) );
		$attestation = self::read_json( "$bundle/files/runtime-evidence/run-attestation.json" );
		self::assertSame( 'wp-codebox/run-attestation/v1', $attestation['schema'] );
		self::assertSame( array( 'command', 'network', 'filesystem', 'secrets' ), $attestation['sealed']['enforced'] );
		self::assertSame( array( 'wordpress.ability' ), $attestation['policy']['command']['allowedCommands'] );
		self::assertSame( 'not-configured', $attestation['policy']['approvals']['enforcement'] );
		self::assertSame( 'connector-scoped', $attestation['policy']['secrets']['value'] );
		self::assertSame(
			array(
				array(
					'name'   => self::NAME,
					'status' => 'available',
					'source' => 'parent-env',
				),
			),
			$attestation['secretEnvelope']['secrets']
		);
	}

	public function test_the_database_of_the_sandbox_is_evidence_too(): void {
		$bundle  = self::assert_bundle( self::run_task( self::task() ) );
		$changes = self::read_json( "$bundle/files/database-changes.json" );
		self::assertSame( 'changed', $changes['status'], (string) json_encode( $changes ) );
		$options = array_column( $changes['tables'], null, 'name' )['wp_options'];
		$told    = array_values( array_filter( $options['rows'], static fn( $row ) => 'told' === ( $row['after']['option_name'] ?? '' ) ) );
		self::assertCount( 1, $told, (string) json_encode( $options ) );
		self::assertSame( 'added', $told[0]['change'] );
		self::assertStringContainsString( '[REDACTED:configured-secret-value]', $told[0]['after']['option_value'] );
	}

	public function test_a_secret_is_not_in_the_next_sandbox(): void {
		self::run_task( self::task() );
		$task = self::task();
		unset( $task['secret_env'] );
		$run = self::run_task( $task );
		self::assertSame( 0, $run['agent_result']['length'] );
	}

	public function test_a_missing_variable_is_named(): void {
		putenv( self::NAME );
		$error = WP_Codebox_API::run_agent_task( self::task() );
		self::assert_error( $error, 400, 'wp_codebox_secret_env_missing', 'secret_env.0' );
		self::assertStringContainsString( self::NAME, $error->get_error_message() );
	}

	public function test_a_value_that_cannot_be_redacted_is_refused_and_not_told(): void {
		foreach ( array( 'hunter2', 'password', '12345678' ) as $value ) {
			putenv( self::NAME . "=$value" );
			$error = WP_Codebox_API::run_agent_task( self::task() );
			self::assert_error( $error, 400, 'wp_codebox_secret_env_unusable', 'secret_env.0' );
			self::assertStringNotContainsString( $value, $error->get_error_message() . json_encode( $error->get_error_data() ) );
		}
	}

	public function test_only_allowed_variables_may_be_named(): void {
		remove_all_filters( 'wp_codebox_allowed_secret_env' );
		$error = WP_Codebox_API::run_agent_task( self::task() );
		self::assert_error( $error, 403, 'wp_codebox_secret_env_forbidden', 'secret_env.0' );
		self::assertStringContainsString( 'wp_codebox_allowed_secret_env', $error->get_error_message() );
	}

	public function test_a_filter_that_returns_no_list_refuses_the_call(): void {
		add_filter( 'wp_codebox_allowed_secret_env', '__return_true', 20 );
		self::assert_error( WP_Codebox_API::run_agent_task( self::task() ), 500, 'wp_codebox_setting_invalid' );
	}

	/**
	 * @param array<string, mixed> $more Further input of the task's ability.
	 * @return array<string, mixed>
	 */
	private static function task( array $more = array() ): array {
		$input = array(
			'workspace' => '/workspace/project',
			'variable'  => self::NAME,
		);
		return Task::input(
			'tell',
			array(
				'secret_env'   => array( self::NAME ),
				'runtime_task' => array(
					'ability' => 'tasks/tell',
					'input'   => $input + $more,
				),
			)
		);
	}

	private static function assert_bundle_hides( string $bundle ): void {
		foreach ( Site::files( $bundle ) as $path => $content ) {
			self::assert_hidden( $content, $path );
			if ( str_ends_with( $path, '.json' ) ) {
				self::assertNotNull( json_decode( $content ), "$path is JSON." );
			}
		}
	}

	/**
	 * Asserts that no part of the value can be read in a text, however it is encoded.
	 */
	private static function assert_hidden( string $text, string $where ): void {
		$parts = array( 's3cr3t/Zx9', "Qw7'Lm5", 'Kp2<&>', '%41 Vb8' );
		foreach ( $parts as $part ) {
			$ways = array(
				$part,
				bin2hex( $part ),
				strtoupper( bin2hex( $part ) ),
				rawurlencode( $part ),
				rawurlencode( rawurlencode( $part ) ),
				trim( (string) json_encode( $part ), '"' ),
				esc_html( $part ),
			);
			foreach ( $ways as $way ) {
				self::assertStringNotContainsString( $way, $text, "$way in $where." );
			}
		}
		// Base64 of the whole text, and with something before it.
		foreach ( array( '', 'u', 'uu' ) as $before ) {
			$encoded = base64_encode( $before . self::VALUE );
			self::assertStringNotContainsString( substr( $encoded, 4, 12 ), $text, "Base64 in $where." );
		}
		self::assertStringNotContainsString( "s3cr3t\n/Zx9+Q\n", $text, "Split in $where." );
	}
}

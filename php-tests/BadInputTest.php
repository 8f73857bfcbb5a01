<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_API;

/**
 * Input that must be refused: by the facade, the ability, REST and WP-CLI alike, with the same code,
 * naming the same field, before anything was started.
 */
final class BadInputTest extends ProcessTestCase {

	private const ABILITY = 'wp-codebox/run-agent-task';

	/** @var string[] */
	private array $bundles;

	protected function setUp(): void {
		parent::setUp();
		wp_set_current_user( self::$administrator->id );
		$this->bundles = Site::bundles();
	}

	protected function tearDown(): void {
		self::assertSame( $this->bundles, Site::bundles(), 'Something was started.' );
		wp_set_current_user( 0 );
		parent::tearDown();
	}

	/**
	 * @return array<string, array{array<string, mixed>, string, string}> Fields, code, field named.
	 */
	public static function refused_everywhere(): array {
		$mount = static fn( array $mount ) => array( 'mounts' => array( $mount + array( 'source' => WP_CONTENT_DIR, 'target' => '/workspace/project' ) ) );
		return array(
			'no goal'                       => array( array( 'goal' => null ), 'wp_codebox_task_missing', 'goal' ),
			'an empty goal'                 => array( array( 'goal' => '' ), 'wp_codebox_task_missing', 'goal' ),
			'a blank goal'                  => array( array( 'goal' => " \n\t" ), 'wp_codebox_task_missing', 'goal' ),
			'a goal that is a list'         => array( array( 'goal' => array( 'a' ) ), 'wp_codebox_input_invalid', 'goal' ),
			'an unknown field'              => array( array( 'colour' => 'red' ), 'wp_codebox_input_invalid', 'colour' ),
			'an unknown field within'       => array( array( 'target' => array( 'colour' => 'red' ) ), 'wp_codebox_input_invalid', 'target.colour' ),
			'an unknown field in a list'    => array( $mount( array( 'colour' => 'red' ) ), 'wp_codebox_input_invalid', 'mounts.0.colour' ),
			'code'                          => array( array( 'code' => 'echo 1;' ), 'wp_codebox_raw_code_forbidden', 'code' ),
			'a code file'                   => array( array( 'code_file' => '/tmp/code.php' ), 'wp_codebox_raw_code_forbidden', 'code_file' ),
			'a timeout of nothing'          => array( array( 'task_timeout_seconds' => 0 ), 'wp_codebox_input_invalid', 'task_timeout_seconds' ),
			'a session id with a slash'     => array( array( 'sandbox_session_id' => '../up' ), 'wp_codebox_session_id_invalid', 'sandbox_session_id' ),
			'an ability with a bad name'    => array( array( 'runtime_task' => array( 'ability' => 'Not A Name' ) ), 'wp_codebox_input_invalid', 'runtime_task.ability' ),
			'a mount source that is not'    => array( $mount( array( 'source' => '/no/such/directory' ) ), 'wp_codebox_mount_source_invalid', 'mounts.0.source' ),
			'a relative mount source'       => array( $mount( array( 'source' => 'wp-content' ) ), 'wp_codebox_mount_source_invalid', 'mounts.0.source' ),
			'a mount target with ..'        => array( $mount( array( 'target' => '/workspace/../etc' ) ), 'wp_codebox_mount_target_invalid', 'mounts.0.target' ),
			'a relative mount target'       => array( $mount( array( 'target' => 'workspace' ) ), 'wp_codebox_mount_target_invalid', 'mounts.0.target' ),
			'a mount mode that is not'      => array( $mount( array( 'mode' => 'writeonly' ) ), 'wp_codebox_mount_mode_invalid', 'mounts.0.mode' ),
			'a component that is not there' => array(
				array( 'component_contracts' => array( array( 'slug' => 'x', 'path' => '/no/such/plugin' ) ) ),
				'wp_codebox_component_path_missing',
				'component_contracts.0.path',
			),
		);
	}

	/**
	 * @dataProvider refused_everywhere
	 *
	 * @param array<string, mixed> $fields Fields of the input; null removes one.
	 */
	public function test_it_is_refused_everywhere( array $fields, string $code, string $field ): void {
		$input = self::input( $fields );
		self::assert_error( WP_Codebox_API::run_agent_task( $input ), $code, $field );
		self::assert_error( wp_get_ability( self::ABILITY )->execute( $input ), $code, $field );
		self::$server->post_ability( self::ABILITY, $input, self::$administrator->credentials )->assert_refused( 400, $code, $field );
		Site::wp( 'codebox', 'run-agent-task', '--input-json=' . json_encode( $input ) )->assert_refused( $code, $field );
	}

	/**
	 * Directories that the operator may name, and nobody else.
	 *
	 * @return array<string, array{array<string, mixed>, string, string}> Fields, code, field named.
	 */
	public static function refused_to_all_but_the_operator(): array {
		return array(
			'a mount source elsewhere'        => array(
				array( 'mounts' => array( array( 'source' => '/etc', 'target' => '/workspace/etc' ) ) ),
				'wp_codebox_mount_source_invalid',
				'mounts.0.source',
			),
			'a component elsewhere'           => array(
				array( 'component_contracts' => array( array( 'slug' => 'tasks', 'path' => __DIR__ . '/fixtures/tasks' ) ) ),
				'wp_codebox_component_path_missing',
				'component_contracts.0.path',
			),
			'a directory of bundles elsewhere' => array(
				array( 'artifacts_path' => '/tmp/artifacts-elsewhere' ),
				'wp_codebox_artifacts_root_forbidden',
				'artifacts_path',
			),
		);
	}

	/**
	 * @dataProvider refused_to_all_but_the_operator
	 *
	 * @param array<string, mixed> $fields Fields of the input.
	 */
	public function test_it_is_refused_to_all_but_the_operator( array $fields, string $code, string $field ): void {
		$input  = self::input( $fields );
		$status = 'wp_codebox_artifacts_root_forbidden' === $code ? 403 : 400;
		self::assert_error( WP_Codebox_API::run_agent_task( $input ), $code, $field, $status );
		self::assert_error( wp_get_ability( self::ABILITY )->execute( $input ), $code, $field, $status );
		self::$server->post_ability( self::ABILITY, $input, self::$administrator->credentials )->assert_refused( $status, $code, $field );
	}

	public function test_a_link_out_of_the_allowed_roots_is_refused(): void {
		$link = Site::fixture( 'workspace' ) . '/link';
		symlink( '/etc', $link );
		$input = self::input( array( 'mounts' => array( array( 'source' => $link, 'target' => '/workspace/etc' ) ) ) );
		self::assert_error( WP_Codebox_API::run_agent_task( $input ), 'wp_codebox_mount_source_invalid', 'mounts.0.source' );
	}

	public function test_input_that_is_no_object_is_refused(): void {
		self::assert_error( wp_get_ability( self::ABILITY )->execute( 'a goal' ), 'wp_codebox_input_invalid', '' );
		self::$server->request(
			'POST',
			'/index.php?rest_route=/wp-abilities/v1/abilities/' . self::ABILITY . '/run',
			self::$administrator->credentials,
			'{"input":"a goal"}'
		)->assert_refused( 400, 'wp_codebox_input_invalid' );
		self::$server->request(
			'POST',
			'/index.php?rest_route=/wp-abilities/v1/abilities/' . self::ABILITY . '/run',
			self::$administrator->credentials
		)->assert_refused( 400, 'wp_codebox_task_missing', 'goal' );
	}

	public function test_a_refusal_tells_the_stranger_nothing_about_the_host(): void {
		// WordPress judges input before it asks who is there.
		foreach ( array( '/etc', '/no/such/directory' ) as $source ) {
			$input = self::input( array( 'mounts' => array( array( 'source' => $source, 'target' => '/workspace/x' ) ) ) );
			self::$server->post_ability( self::ABILITY, $input )->assert_refused( 401, 'rest_ability_cannot_execute' );
		}
	}

	public function test_without_a_runtime_pack_the_command_that_builds_one_is_named(): void {
		$ini     = array( 'wp_codebox.runtime_dir=/no/such/pack' );
		$command = array_merge( array( PHP_BINARY, '-d', $ini[0] ), array_slice( Site::wp_command(), 1 ) );
		$input   = (string) json_encode( self::input( array() ) );

		$refused = Process::run( array_merge( $command, array( 'codebox', 'run-agent-task', '--input-json=' . $input ) ) );
		$refused->assert_refused( 'wp_codebox_runtime_missing' );
		self::assertStringContainsString( 'wp-codebox-runtime build', $refused->stderr );

		$server   = new WebServer( $ini );
		$response = $server->post_ability( self::ABILITY, self::input( array() ), self::$administrator->credentials );
		$response->assert_refused( 500, 'wp_codebox_runtime_missing' );
		self::assertStringContainsString( 'wp-codebox-runtime build', $response->json()['message'] );

		$code   = '$e = WP_Codebox_API::run_agent_task( json_decode( $args[0], true ) ); echo $e->get_error_code(), $e->get_error_data()["status"];';
		$facade = Process::run( array_merge( $command, array( 'eval', str_replace( '$args[0]', var_export( $input, true ), $code ) ) ) );
		self::assertSame( 'wp_codebox_runtime_missing500', $facade->stdout, $facade->stderr );
	}

	/**
	 * @param array<string, mixed> $fields Fields to set; null removes one.
	 * @return array<string, mixed>
	 */
	private static function input( array $fields ): array {
		return array_filter( array_merge( Task::input( 'edit' ), $fields ), static fn( $value ) => null !== $value );
	}

	/**
	 * @param mixed $error What should be a WP_Error.
	 */
	private static function assert_error( $error, string $code, string $field, int $status = 400 ): void {
		self::assertInstanceOf( \WP_Error::class, $error, print_r( $error, true ) );
		$data = $error->get_error_data();
		self::assertSame( array( $code, $status ), array( $error->get_error_code(), $data['status'] ?? null ), $error->get_error_message() );
		if ( '' !== $field ) {
			self::assertSame( $field, $data['field'] ?? null );
			self::assertStringContainsString( $field, $error->get_error_message() );
		}
	}
}

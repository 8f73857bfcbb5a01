<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * Every way in which the road from a bundle to changed files ends before its end, from a shell and over
 * HTTP: nothing is changed, and the caller is told why. {@see ApplyBackTest} has the same for PHP.
 */
final class ApplyBackEndingsTest extends ProcessTestCase {

	/** Abilities by their commands. */
	private const ABILITIES = array(
		'apply'           => 'apply-approved-artifact',
		'preflight-apply' => 'apply-artifact-preflight',
		'stage'           => 'stage-artifact-apply',
		'accept'          => 'accept-pending-apply',
		'reject'          => 'reject-pending-apply',
		'review'          => 'review-artifact',
	);

	private string $surface;

	private string $workspace;

	/** @var array<string, mixed> Id of a bundle, and an approval of everything in it. */
	private array $approval;

	/** @var array<string, string> */
	private array $before;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		\WP_Codebox_Records::install();
	}

	protected function setUp(): void {
		parent::setUp();
		Site::remove( Site::artifacts_root() );
		$input           = Task::input( 'edit' );
		$this->workspace = $input['mounts'][0]['source'];
		$this->before    = Site::files( $this->workspace );
		$run             = \WP_Codebox_API::run_agent_task( $input );
		self::assertIsArray( $run, print_r( $run, true ) );
		$this->approval = array(
			'artifact_id'    => $run['artifact_result']['artifactBundle']['id'],
			'approved_files' => array(
				'/workspace/project/greeting.txt',
				'/workspace/project/notes/added.txt',
				'/workspace/project/notes/removed.txt',
			),
		);
		update_site_option(
			'wp_codebox_apply_targets',
			array(
				array(
					'name' => 'workspace',
					'kind' => 'directory',
					'path' => $this->workspace,
				),
			)
		);
	}

	protected function tearDown(): void {
		global $wpdb;
		delete_site_option( 'wp_codebox_apply_targets' );
		self::adapter( null );
		// Other tests count what is staged.
		$wpdb->query( "DELETE FROM {$wpdb->base_prefix}codebox_records" );
		parent::tearDown();
	}

	/**
	 * @return array<string, array{string}>
	 */
	public static function surfaces(): array {
		return array(
			'WP-CLI' => array( 'wp-cli' ),
			'REST'   => array( 'rest' ),
		);
	}

	/**
	 * @dataProvider surfaces
	 */
	public function test_a_rejection( string $surface ): void {
		$this->surface = $surface;
		$staged        = array( 'pending_id' => $this->ask( 'stage', $this->approval )['pending_id'] );
		$rejected      = $this->ask( 'reject', $staged + array( 'reason' => 'Not like this.' ) );
		self::assertSame( array( 'rejected', 'Not like this.' ), array( $rejected['state'], $rejected['decision']['reason'] ) );
		$this->assert_refused( 'accept', $staged, 409, 'wp_codebox_pending_apply_decided' );
		$reviewed = $this->ask( 'review', array( 'artifact_id' => $this->approval['artifact_id'], 'action' => 'reject' ) );
		self::assertSame( 'reject', $reviewed['action'] );
		$this->assert_nothing_changed();
	}

	/**
	 * @dataProvider surfaces
	 */
	public function test_a_stale_base( string $surface ): void {
		$this->surface = $surface;
		$staged        = array( 'pending_id' => $this->ask( 'stage', $this->approval )['pending_id'] );
		file_put_contents( $this->workspace . '/greeting.txt', "somebody else's\n" );
		$this->before = Site::files( $this->workspace );
		foreach ( array( 'preflight-apply', 'apply', 'stage' ) as $command ) {
			$this->assert_refused( $command, $this->approval, 409, 'wp_codebox_apply_base_stale' );
		}
		$this->assert_refused( 'review', $this->approval + array( 'action' => 'approve' ), 409, 'wp_codebox_apply_base_stale' );
		$this->assert_refused( 'accept', $staged, 409, 'wp_codebox_apply_base_stale' );
		$this->assert_nothing_changed();
	}

	/**
	 * @dataProvider surfaces
	 */
	public function test_a_tampered_bundle( string $surface ): void {
		$this->surface = $surface;
		$staged        = array( 'pending_id' => $this->ask( 'stage', $this->approval )['pending_id'] );
		file_put_contents( Site::artifacts_root() . "/{$this->approval['artifact_id']}/files/patch.diff", "\n", FILE_APPEND );
		foreach ( array( 'preflight-apply', 'apply', 'stage' ) as $command ) {
			$this->assert_refused( $command, $this->approval, 400, 'wp_codebox_artifact_digest_mismatch' );
		}
		$this->assert_refused( 'review', $this->approval + array( 'action' => 'approve' ), 400, 'wp_codebox_artifact_digest_mismatch' );
		$this->assert_refused( 'accept', $staged, 400, 'wp_codebox_artifact_digest_mismatch' );
		$this->assert_nothing_changed();
	}

	/**
	 * @dataProvider surfaces
	 */
	public function test_no_adapter( string $surface ): void {
		$this->surface = $surface;
		delete_site_option( 'wp_codebox_apply_targets' );
		$staged = array( 'pending_id' => $this->ask( 'stage', $this->approval )['pending_id'] );
		$this->assert_refused( 'apply', $this->approval, 501, 'wp_codebox_apply_adapter_missing' );
		$this->assert_refused( 'review', $this->approval + array( 'action' => 'approve' ), 501, 'wp_codebox_apply_adapter_missing' );
		$this->assert_refused( 'accept', $staged, 501, 'wp_codebox_apply_adapter_missing' );
		$this->assert_nothing_changed();
	}

	/**
	 * @dataProvider surfaces
	 */
	public function test_an_adapter_that_fails( string $surface ): void {
		$this->surface = $surface;
		self::adapter( "return new WP_Error( 'forge_offline', 'The forge is offline.', array( 'status' => 503 ) );" );
		$staged = array( 'pending_id' => $this->ask( 'stage', $this->approval )['pending_id'] );
		$this->assert_refused( 'apply', $this->approval, 503, 'forge_offline' );
		$this->assert_refused( 'accept', $staged, 503, 'forge_offline' );
		$this->assert_nothing_changed();
		// What failed may be tried again.
		self::adapter( null );
		self::assertSame( 'applied', $this->ask( 'accept', $staged )['state'] );
		self::assertSame( Task::edited(), Site::files( $this->workspace ) );
	}

	/**
	 * @dataProvider surfaces
	 */
	public function test_an_adapter_that_answers_nonsense( string $surface ): void {
		$this->surface = $surface;
		self::adapter( "return array( 'schema' => 'wp-codebox/apply-result/v1', 'adapter' => 'x' );" );
		$this->assert_refused( 'apply', $this->approval, 502, 'wp_codebox_apply_result_invalid' );
		$this->assert_nothing_changed();
	}

	public function test_pending_applies_are_listed_in_every_format(): void {
		$this->surface = 'wp-cli';
		foreach ( array( 'table', 'csv', 'yaml' ) as $format ) {
			$none = Site::wp( 'codebox', 'artifacts', 'pending', 'applying', "--format=$format" );
			self::assertSame( 0, $none->status, $none->stderr );
		}
		$id = $this->ask( 'stage', $this->approval + array( 'summary' => 'Please, look' ) )['pending_id'];

		$json = Site::wp( 'codebox', 'artifacts', 'pending', 'pending', '--format=json' )->json();
		self::assertContains( $id, array_column( $json['pending'], 'pending_id' ) );
		foreach ( array( 'table', 'csv', 'yaml' ) as $format ) {
			$list = Site::wp( 'codebox', 'artifacts', 'pending', 'pending', "--format=$format" );
			self::assertSame( 0, $list->status, $list->stderr );
			self::assertStringContainsString( $id, $list->stdout );
			self::assertStringContainsString( 'Please, look', $list->stdout );
		}
		$csv  = Site::wp( 'codebox', 'artifacts', 'pending', '--format=csv', '--fields=pending_id,state,summary,artifact_id' );
		$rows = array_map( 'str_getcsv', explode( "\n", trim( $csv->stdout ) ) );
		self::assertSame( array( 'pending_id', 'state', 'summary', 'artifact_id' ), $rows[0] );
		self::assertContains( array( $id, 'pending', 'Please, look', $this->approval['artifact_id'] ), $rows );
		$refused = Site::wp( 'codebox', 'artifacts', 'pending', '--format=xml' );
		self::assertSame( array( 1, '' ), array( $refused->status, $refused->stdout ) );
		self::assertStringContainsString( 'format: one of json, table, csv, yaml', $refused->stderr );
	}

	/**
	 * Asks for an ability that must succeed.
	 *
	 * @param string               $command Its command.
	 * @param array<string, mixed> $input   Its input.
	 * @return array<string, mixed>
	 */
	private function ask( string $command, array $input ): array {
		if ( 'rest' === $this->surface ) {
			$response = self::$server->post_ability( 'wp-codebox/' . self::ABILITIES[ $command ], $input, self::$administrator->credentials );
			self::assertSame( 200, $response->status, $response->body );
			return $response->json();
		}
		$ended = Site::wp( 'codebox', 'artifacts', $command, '--input-json=' . json_encode( $input ) );
		self::assertSame( 0, $ended->status, $ended->stderr );
		return $ended->json();
	}

	/**
	 * Asserts that an ability is refused with this status and code.
	 *
	 * @param array<string, mixed> $input Its input.
	 */
	private function assert_refused( string $command, array $input, int $status, string $code ): void {
		if ( 'rest' === $this->surface ) {
			$verb     = 'preflight-apply' === $command ? 'get_ability' : 'post_ability';
			$response = self::$server->$verb( 'wp-codebox/' . self::ABILITIES[ $command ], $input, self::$administrator->credentials );
			$response->assert_refused( $status, $code );
			return;
		}
		Site::wp( 'codebox', 'artifacts', $command, '--input-json=' . json_encode( $input ) )->assert_refused( $code );
	}

	private function assert_nothing_changed(): void {
		self::assertSame( $this->before, Site::files( $this->workspace ) );
	}

	/**
	 * Makes an adapter of the site that other processes have too.
	 *
	 * @param string|null $body What it does; null removes it.
	 */
	private static function adapter( ?string $body ): void {
		$file = WPMU_PLUGIN_DIR . '/tests-adapter.php';
		if ( null === $body ) {
			@unlink( $file );
			return;
		}
		file_put_contents( $file, "<?php add_filter( 'wp_codebox_apply_approved_artifact', static function () { $body } );\n" );
	}
}

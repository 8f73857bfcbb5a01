<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_API;
use WP_Error;

/**
 * From a run to an applied change, through the facade and the abilities: and all the ways in which it
 * ends otherwise.
 */
final class ApplyBackTest extends SiteTestCase {

	use RunAssertions;

	private const FILES = array(
		'/workspace/project/greeting.txt',
		'/workspace/project/notes/added.txt',
		'/workspace/project/notes/removed.txt',
	);

	/** @var array<string, mixed> */
	private array $run;

	private string $workspace;

	private string $id;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		// Tables are not made within a transaction.
		\WP_Codebox_Records::install();
	}

	protected function setUp(): void {
		parent::setUp();
		Site::remove( Site::artifacts_root() );
		$input           = Task::input( 'edit' );
		$this->run       = self::run_task( $input );
		$this->workspace = $input['mounts'][0]['source'];
		$this->id        = $this->run['artifact_result']['artifactBundle']['id'];
	}

	public function test_the_whole_road_to_a_directory(): void {
		$this->configure();
		$one = WP_Codebox_API::get_artifact( array( 'artifact_id' => $this->id ) );
		self::assertTrue( $one['success'] );
		$inspection = WP_Codebox_API::inspect_artifact( array( 'artifact_id' => $this->id ) );
		self::assertSame( 'wp-codebox/artifact-inspection/v1', $inspection['schema'] );
		self::assertTrue( $inspection['verification']['valid'] );

		$preflight = WP_Codebox_API::preflight_artifact_apply( $this->approval() );
		self::assertSame( WP_Codebox_API::ARTIFACT_APPLY_PREFLIGHT_SCHEMA, $preflight['schema'] );
		self::assertSame( 'current', $preflight['base']['status'] );
		self::assertSame( hash( 'sha256', $preflight['payload']['patch'] ), $preflight['patch_sha256'] );

		$staged = WP_Codebox_API::stage_artifact_apply( $this->approval( array( 'summary' => 'Please look.' ) ) );
		self::assertSame( 'pending', $staged['state'] );
		$pending = WP_Codebox_API::list_pending_applies( array( 'state' => 'pending' ) );
		self::assertSame( array( $staged['pending_id'] ), array_column( $pending['pending'], 'pending_id' ) );

		$accepted = wp_get_ability( 'wp-codebox/accept-pending-apply' )->execute( array( 'pending_id' => $staged['pending_id'] ) );
		self::assertIsArray( $accepted, print_r( $accepted, true ) );
		self::assertSame( 'applied', $accepted['state'] );
		self::assertSame( self::FILES, $accepted['apply']['result']['applied_files'] );
		self::assertSame( Task::edited(), Site::files( $this->workspace ) );

		$verified = WP_Codebox_API::verify_artifacts();
		self::assertTrue( $verified['valid'], (string) json_encode( $verified ) );
		self::assertSame( array( 2, 0 ), array_column( $verified['audits'], 'records' ) );
		self::assert_error( WP_Codebox_API::accept_pending_apply( array( 'pending_id' => $staged['pending_id'] ) ), 409, 'wp_codebox_pending_apply_decided' );
	}

	public function test_a_rejected_apply_leaves_everything(): void {
		$this->configure();
		$before = Site::files( $this->workspace );
		$staged = WP_Codebox_API::stage_artifact_apply( $this->approval() );
		$done   = WP_Codebox_API::reject_pending_apply(
			array(
				'pending_id' => $staged['pending_id'],
				'reason'     => 'Not like this.',
			)
		);
		self::assertSame( 'rejected', $done['state'] );
		self::assertSame( wp_get_current_user()->user_login, $done['decision']['decided_by']['login'] );
		self::assert_error( WP_Codebox_API::accept_pending_apply( array( 'pending_id' => $staged['pending_id'] ) ), 409, 'wp_codebox_pending_apply_decided' );
		self::assertSame( $before, Site::files( $this->workspace ) );
		self::assertTrue( WP_Codebox_API::get_artifact( array( 'artifact_id' => $this->id ) )['success'] );
	}

	public function test_a_stale_base_is_refused_by_name(): void {
		$this->configure();
		file_put_contents( $this->workspace . '/greeting.txt', "somebody else's\n" );
		$before = Site::files( $this->workspace );
		$error  = WP_Codebox_API::apply_approved_artifact( $this->approval() );
		self::assert_error( $error, 409, 'wp_codebox_apply_base_stale' );
		self::assertSame( array( self::FILES[0] ), $error->get_error_data()['files'] );
		self::assertSame( $before, Site::files( $this->workspace ) );
	}

	public function test_a_tampered_bundle_is_refused(): void {
		$this->configure();
		$patch = $this->run['artifact_result']['artifactBundle']['path'] . '/files/patch.diff';
		file_put_contents( $patch, "\n", FILE_APPEND );
		self::assert_error( WP_Codebox_API::apply_approved_artifact( $this->approval() ), 400, 'wp_codebox_artifact_digest_mismatch' );
		self::assert_error( WP_Codebox_API::stage_artifact_apply( $this->approval() ), 400, 'wp_codebox_artifact_digest_mismatch' );
		self::assertFalse( WP_Codebox_API::inspect_artifact( array( 'artifact_id' => $this->id ) )['verification']['valid'] );
		$verified = WP_Codebox_API::verify_artifacts();
		self::assertFalse( $verified['success'] );
		self::assertSame( 'wp_codebox_artifact_verification_failed', $verified['error']['code'] );
	}

	public function test_without_an_adapter_nothing_is_applied(): void {
		self::assert_error( WP_Codebox_API::apply_approved_artifact( $this->approval() ), 501, 'wp_codebox_apply_adapter_missing' );
		$staged = WP_Codebox_API::stage_artifact_apply( $this->approval() );
		self::assert_error( WP_Codebox_API::accept_pending_apply( array( 'pending_id' => $staged['pending_id'] ) ), 501, 'wp_codebox_apply_adapter_missing' );
		$failed = WP_Codebox_API::list_pending_applies( array( 'state' => 'failed' ) )['pending'];
		self::assertSame( 'wp_codebox_apply_adapter_missing', $failed[0]['error']['code'] );
	}

	public function test_an_adapter_of_the_site_gets_the_payload(): void {
		$seen = null;
		add_filter(
			'wp_codebox_apply_approved_artifact',
			function ( $result, $payload ) use ( &$seen ) {
				self::assertNull( $result );
				$seen = $payload;
				return array(
					'schema'          => WP_Codebox_API::ARTIFACT_APPLY_RESULT_SCHEMA,
					'adapter'         => 'example/pull-request',
					'status'          => 'pull-request-opened',
					'target'          => array(),
					'applied_files'   => $payload['approved_files'],
					'audit_reference' => 'pull/1',
					'pr_url'          => 'https://example.org/pull/1',
				);
			},
			10,
			2
		);
		$applied = WP_Codebox_API::apply_approved_artifact( $this->approval( array( 'approved_files' => array( self::FILES[0] ) ) ) );
		self::assertIsArray( $applied, print_r( $applied, true ) );
		self::assertSame( WP_Codebox_API::ARTIFACT_APPLY_SCHEMA, $applied['schema'] );
		self::assertSame( 'https://example.org/pull/1', $applied['result']['pr_url'] );
		self::assertStringContainsString( 'greeting.txt', $seen['patch'] );
		self::assertStringNotContainsString( 'notes/', $seen['patch'] );
		self::assertSame( $this->id, $seen['artifact_id'] );
	}

	public function test_an_adapters_error_is_handed_on_as_it_is(): void {
		add_filter( 'wp_codebox_apply_approved_artifact', static fn() => new WP_Error( 'forge_offline', 'The forge is offline.', array( 'status' => 503, 'retry' => 60 ) ) );
		$error = WP_Codebox_API::apply_approved_artifact( $this->approval() );
		self::assert_error( $error, 503, 'forge_offline' );
		self::assertSame( 60, $error->get_error_data()['retry'] );
		self::assertStringContainsString( 'forge_offline', (string) file_get_contents( Site::artifacts_root() . '/apply-audit.jsonl' ) );
	}

	public function test_an_adapter_that_throws_is_recorded_and_its_exception_goes_on(): void {
		add_filter(
			'wp_codebox_apply_approved_artifact',
			static function (): void {
				throw new \DomainException( 'from the adapter' );
			}
		);
		try {
			WP_Codebox_API::apply_approved_artifact( $this->approval() );
			self::fail( 'Nothing was thrown.' );
		} catch ( \DomainException $e ) {
			self::assertSame( 'from the adapter', $e->getMessage() );
		}
		$lines = file( Site::artifacts_root() . '/apply-audit.jsonl' );
		self::assertSame( array( 'started', 'failure' ), array_map( static fn( $line ) => json_decode( $line, true )['status'], $lines ) );
	}

	public function test_an_adapter_that_applied_something_else_is_found_out(): void {
		add_filter(
			'wp_codebox_apply_approved_artifact',
			static fn() => array(
				'schema'          => 'wp-codebox/apply-result/v1',
				'adapter'         => 'example',
				'status'          => 'applied',
				'target'          => array(),
				'applied_files'   => array( 'greeting.txt', 'wp-config.php' ),
				'audit_reference' => '1',
			)
		);
		$error = WP_Codebox_API::apply_approved_artifact( $this->approval() );
		self::assert_error( $error, 502, 'wp_codebox_apply_result_mismatch' );
		self::assertSame( array( 'wp-config.php' ), $error->get_error_data()['unapproved'] );
	}

	public function test_an_approval_that_is_reviewed_is_applied(): void {
		$this->configure();
		$done = WP_Codebox_API::review_artifact( $this->approval( array( 'action' => 'approve' ) ) );
		self::assertIsArray( $done, print_r( $done, true ) );
		self::assertSame( 'wp-codebox/artifact-review-result/v1', $done['schema'] );
		self::assertSame( 'wp-codebox/directory', $done['result']['adapter'] );
		self::assertSame( Task::edited(), Site::files( $this->workspace ) );
		self::assert_error( WP_Codebox_API::review_artifact( array( 'artifact_id' => $this->id ) ), 400, 'wp_codebox_review_action_missing', 'action' );
		self::assert_error( WP_Codebox_API::review_artifact( array( 'artifact_id' => $this->id, 'action' => 'merge' ) ), 400, 'wp_codebox_review_action_invalid', 'action' );
	}

	public function test_a_hosts_own_queue_resolves_through_the_handler(): void {
		$this->configure();
		$queued = null;
		add_filter(
			'wp_codebox_stage_pending_apply_artifact',
			static function ( $result, $arguments ) use ( &$queued ) {
				$queued = $arguments;
				return array( 'action_id' => 5 );
			},
			10,
			2
		);
		self::assertSame( array( 'action_id' => 5 ), WP_Codebox_API::stage_artifact_apply( $this->approval() ) );
		self::assertSame( array(), WP_Codebox_API::list_pending_applies( array( 'state' => 'pending' ) )['pending'] );

		$handler = apply_filters( 'wp_codebox_pending_apply_artifact_handlers', array() )['wp_codebox_apply_back'];
		self::assertTrue( call_user_func( $handler['can_resolve'], $queued, 'accepted', get_current_user_id() ) );
		self::assertFalse( call_user_func( $handler['can_resolve'], $queued, 'accepted', 0 ) );
		$applied = call_user_func( $handler['apply'], $queued['apply_input'] );
		self::assertTrue( $applied['success'] );
		self::assertSame( Task::edited(), Site::files( $this->workspace ) );
	}

	public function test_imports_are_idempotent(): void {
		$bundle = $this->run['artifact_result']['artifactBundle'];
		$source = Site::artifacts_root() . '/incoming/one/two';
		mkdir( dirname( $source ), 0755, true );
		rename( $bundle['path'], $source );
		$first = WP_Codebox_API::import_artifact( array( 'source_bundle_path' => $source ) );
		self::assertIsArray( $first, print_r( $first, true ) );
		self::assertSame( array( 'import-artifact-bundle', 'created' ), array( $first['operation'], $first['status'] ) );
		$second = WP_Codebox_API::import_artifact( array( 'source_bundle_path' => $source ) );
		self::assertSame( 'existing', $second['status'] );
		self::assertSame( $first['artifactBundle'], $second['artifactBundle'] );
		$again = WP_Codebox_API::reimport_artifact( array( 'artifact_result' => $first, 'replace' => true ) );
		self::assertSame( array( 'reimport-artifact-bundle', 'updated' ), array( $again['operation'], $again['status'] ) );
		self::assert_error( WP_Codebox_API::import_artifact( array( 'source_bundle_path' => '/etc' ) ), 403, 'wp_codebox_artifact_import_source_forbidden' );
	}

	public function test_pruning_spares_what_waits_for_a_decision(): void {
		WP_Codebox_API::stage_artifact_apply( $this->approval() );
		$other = self::run_task( Task::input( 'no-good' ) )['artifact_result']['artifactBundle']['id'];
		$dry   = WP_Codebox_API::prune_artifacts( array( 'max_count' => 0, 'dry_run' => true ) );
		self::assertSame( array( $other ), array_column( $dry['removed'], 'artifact_id' ) );
		self::assertTrue( WP_Codebox_API::get_artifact( array( 'artifact_id' => $other ) )['success'] );
		WP_Codebox_API::prune_artifacts( array( 'max_count' => 0 ) );
		self::assert_error( WP_Codebox_API::get_artifact( array( 'artifact_id' => $other ) ), 404, 'wp_codebox_artifact_not_found' );
		self::assertTrue( WP_Codebox_API::get_artifact( array( 'artifact_id' => $this->id ) )['success'] );
	}

	public function test_a_trusted_orchestrator_may_keep_files_and_nothing_else(): void {
		$input = array(
			'files'         => array( array( 'path' => 'index.html', 'content' => '<p>' ) ),
			'session_id'    => 'session-1',
			'caller_kind'   => 'example',
			'authorization' => array( 'caller' => 'example', 'scope' => 'artifact:write' ),
		);
		$this->become( 'subscriber' );
		$ability = wp_get_ability( 'wp-codebox/persist-browser-artifact' );
		self::assertSame( 'ability_invalid_permissions', $ability->execute( $input )->get_error_code() );
		add_filter( 'wp_codebox_trusted_browser_session_callers', static fn() => array( 'example' => array( 'artifact:write' ) ) );
		$kept = $ability->execute( $input );
		self::assertIsArray( $kept, print_r( $kept, true ) );
		self::assertSame( 'created', $kept['status'] );
		self::assertTrue( $kept['authorization']['authorized'] );
		self::assertSame( 'session-1', $kept['grant']['session_id'] );
		self::assertSame( 'existing', $ability->execute( $input )['status'] );
		$discard = wp_get_ability( 'wp-codebox/discard-artifact' )->execute( array( 'artifact_id' => $this->id ) + $input );
		self::assertInstanceOf( WP_Error::class, $discard );
	}

	/**
	 * Makes the workspace a target of the built-in adapter.
	 */
	private function configure(): void {
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

	/**
	 * An approval of everything.
	 *
	 * @param array<string, mixed> $more Further fields, or others instead.
	 * @return array<string, mixed>
	 */
	private function approval( array $more = array() ): array {
		return array_merge(
			array(
				'artifact_id'    => $this->id,
				'approved_files' => self::FILES,
			),
			$more
		);
	}
}

<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_API;

/**
 * The example of an external apply adapter.
 */
final class PullRequestAdapterTest extends SiteTestCase {

	use RunAssertions;

	private const GREETING = '/workspace/project/greeting.txt';

	protected function setUp(): void {
		parent::setUp();
		require_once __DIR__ . '/../examples/pull-request-adapter/pull-request-adapter.php';
		add_filter( 'wp_codebox_apply_approved_artifact', 'pull_request_adapter_apply', 10, 2 );
		add_filter( 'pull_request_adapter_repositories', static fn() => array( 'example/plugin' ) );
	}

	public function test_an_approval_is_one_pull_request_however_often_it_comes(): void {
		$input   = $this->approval( 'example/plugin' );
		$applied = WP_Codebox_API::apply_approved_artifact( $input );
		self::assertIsArray( $applied, print_r( $applied, true ) );
		self::assertSame( 'pull-request-opened', $applied['result']['status'] );
		self::assertSame( array( self::GREETING ), $applied['result']['applied_files'] );
		$again = WP_Codebox_API::apply_approved_artifact( $input );
		self::assertSame( $applied['result'], $again['result'] );

		$requests = get_option( 'pull_request_adapter_requests' );
		self::assertCount( 1, $requests );
		self::assertSame( hash( 'sha256', $requests[1]['patch'] ), $applied['patch_sha256'] );
		self::assertStringContainsString( 'greeting.txt', $requests[1]['patch'] );
		self::assertStringNotContainsString( 'notes/', $requests[1]['patch'] );
		self::assertStringContainsString( $input['artifact_id'], $requests[1]['body'] );
	}

	public function test_a_repository_that_is_not_configured_is_refused(): void {
		self::assert_error( WP_Codebox_API::apply_approved_artifact( $this->approval( 'somebody/else' ) ), 400, 'pull_request_adapter_repository_unknown' );
		self::assertFalse( get_option( 'pull_request_adapter_requests' ) );
	}

	public function test_what_is_not_for_it_is_left_to_others(): void {
		self::assert_error( WP_Codebox_API::apply_approved_artifact( $this->approval( '' ) ), 501, 'wp_codebox_apply_adapter_missing' );
	}

	/**
	 * @return array<string, mixed>
	 */
	private function approval( string $repository ): array {
		return array(
			'artifact_id'    => self::run_task( Task::input( 'edit' ) )['artifact_result']['artifactBundle']['id'],
			'approved_files' => array( self::GREETING ),
			'apply_target'   => array( 'repository' => $repository ),
		);
	}
}

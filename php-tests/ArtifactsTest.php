<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_API;

/**
 * Listing and reading bundles.
 */
final class ArtifactsTest extends SiteTestCase {

	use RunAssertions;

	public function test_a_run_is_in_the_list_and_can_be_read(): void {
		$run  = self::run_task( Task::input( 'edit' ) );
		$id   = $run['artifact_result']['artifactBundle']['id'];
		$list = WP_Codebox_API::list_artifacts();
		self::assertTrue( $list['success'] );
		self::assertSame( 'wp-codebox/artifact-list/v1', $list['schema'] );
		self::assertSame( Site::artifacts_root(), $list['root'] );
		self::assertStringContainsString( $id, (string) json_encode( $list['artifacts'] ) );

		$one = WP_Codebox_API::get_artifact( array( 'artifact_id' => $id ) );
		self::assertTrue( $one['success'] );
		self::assertSame( 'wp-codebox/artifact/v1', $one['schema'] );
		self::assertStringContainsString( '/workspace/project/greeting.txt', (string) json_encode( $one['artifact'], JSON_UNESCAPED_SLASHES ) );
		self::assertEquals( $one, wp_get_ability( 'wp-codebox/get-artifact' )->execute( array( 'artifact_id' => $id ) ) );
	}

	public function test_the_newest_comes_first(): void {
		$ids = array();
		foreach ( array( 'site', 'no-good', 'half-way' ) as $task ) {
			$ids[] = self::run_task( Task::input( $task ) )['artifact_result']['artifactBundle']['id'];
		}
		$newest = array_slice( WP_Codebox_API::list_artifacts()['artifacts'], 0, 1 )[0];
		self::assertStringContainsString( end( $ids ), (string) json_encode( $newest ) );
	}

	public function test_a_store_of_the_callers_lies_beneath_the_root(): void {
		$store = Site::artifacts_root() . '/team-a';
		Site::remove( $store );
		$run = self::run_task( Task::input( 'edit', array( 'artifacts_path' => $store ) ) );
		$id  = $run['artifact_result']['artifactBundle']['id'];
		self::assertStringStartsWith( $store . '/', $run['artifact_result']['artifactBundle']['path'] );

		$list = WP_Codebox_API::list_artifacts( array( 'artifacts_path' => $store ) );
		self::assertCount( 1, $list['artifacts'] );
		self::assertStringContainsString( $id, (string) json_encode( $list['artifacts'] ) );
		self::assertTrue(
			WP_Codebox_API::get_artifact(
				array(
					'artifact_id'    => $id,
					'artifacts_path' => $store,
				)
			)['success']
		);
		Site::remove( $store );
	}

	public function test_a_store_elsewhere_is_forbidden_until_a_filter_allows_it(): void {
		$elsewhere = WP_CONTENT_DIR . '/wp-codebox-tests/elsewhere';
		Site::remove( $elsewhere );
		mkdir( $elsewhere, 0755, true );
		$input = array( 'artifacts_path' => $elsewhere );
		self::assert_error( WP_Codebox_API::list_artifacts( $input ), 403, 'wp_codebox_artifacts_root_forbidden', 'artifacts_path' );

		add_filter( 'wp_codebox_allowed_artifact_roots', static fn( $roots ) => array_merge( $roots, array( dirname( $elsewhere ) ) ) );
		self::assertSame( array(), WP_Codebox_API::list_artifacts( $input )['artifacts'] );
	}

	public function test_what_is_not_there_is_not_found(): void {
		$unknown = 'artifact-bundle-sha256-' . str_repeat( '0', 64 );
		self::assert_error( WP_Codebox_API::get_artifact( array( 'artifact_id' => $unknown ) ), 404, 'wp_codebox_artifact_not_found' );
		self::assert_error( WP_Codebox_API::get_artifact( array() ), 400, 'wp_codebox_artifact_id_missing', 'artifact_id' );
		self::assert_error( WP_Codebox_API::get_artifact( array( 'artifact_id' => ' ' ) ), 400, 'wp_codebox_artifact_id_missing', 'artifact_id' );
	}

	public function test_an_id_is_no_path(): void {
		wp_mkdir_p( Site::artifacts_root() . '/inner' );
		foreach ( array( '../artifacts', '..', '.', '/etc', 'inner/../inner', "x\0y" ) as $id ) {
			$error = WP_Codebox_API::get_artifact( array( 'artifact_id' => $id ) );
			self::assertInstanceOf( \WP_Error::class, $error );
			self::assertContains( $error->get_error_code(), array( 'wp_codebox_artifact_id_invalid', 'wp_codebox_artifact_not_found' ) );
		}
		rmdir( Site::artifacts_root() . '/inner' );
	}

	public function test_the_web_server_is_told_to_keep_out(): void {
		self::run_task( Task::input( 'edit' ) );
		self::assertFileExists( Site::artifacts_root() . '/.htaccess' );
		self::assertFileExists( Site::artifacts_root() . '/index.php' );
	}

	public function test_wp_cli_lists_and_reads(): void {
		$id   = self::run_task( Task::input( 'edit' ) )['artifact_result']['artifactBundle']['id'];
		$list = Site::wp( 'codebox', 'artifacts', 'list' );
		self::assertSame( 0, $list->status, $list->stderr );
		self::assertStringContainsString( $id, $list->stdout );
		self::assertSame( 'wp-codebox/artifact-list/v1', $list->json()['schema'] );

		foreach ( array( 'table', 'csv', 'yaml' ) as $format ) {
			$rows = Site::wp( 'codebox', 'artifacts', 'list', "--format=$format" );
			self::assertSame( 0, $rows->status, $rows->stderr );
			self::assertStringContainsString( $id, $rows->stdout );
			self::assertNull( json_decode( $rows->stdout ) );
		}

		$one = Site::wp( 'codebox', 'artifacts', 'get', $id );
		self::assertSame( 0, $one->status, $one->stderr );
		self::assertSame( 'wp-codebox/artifact/v1', $one->json()['schema'] );

		Site::wp( 'codebox', 'artifacts', 'get' )->assert_refused( 'wp_codebox_artifact_id_missing', 'artifact_id' );
		Site::wp( 'codebox', 'artifacts', 'get', 'artifact-bundle-sha256-' . str_repeat( '0', 64 ) )->assert_refused( 'wp_codebox_artifact_not_found' );
	}
}

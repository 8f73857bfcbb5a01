<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * Tasks over REST, through PHP's built-in web server.
 */
final class RestTest extends ProcessTestCase {

	use RunAssertions;

	private const ABILITY = 'wp-codebox/run-agent-task';

	public function test_an_administrator_runs_a_task(): void {
		$input    = Task::input( 'edit' );
		$response = self::$server->post_ability( self::ABILITY, $input, self::$administrator->credentials );
		self::assertSame( 200, $response->status, $response->body );
		self::assert_edited( $response->json(), $input );
	}

	public function test_a_failed_task_is_an_answer(): void {
		$response = self::$server->post_ability( self::ABILITY, Task::input( 'throw' ), self::$administrator->credentials );
		self::assertSame( 200, $response->status, $response->body );
		self::assert_failed( $response->json(), 'wp_codebox_run_fatal' );
	}

	public function test_others_are_refused_and_nothing_starts(): void {
		$before = Site::bundles();
		self::$server->post_ability( self::ABILITY, Task::input( 'edit' ), self::$subscriber->credentials )
			->assert_refused( 403, 'rest_ability_cannot_execute' );
		self::$server->post_ability( self::ABILITY, Task::input( 'edit' ) )
			->assert_refused( 401, 'rest_ability_cannot_execute' );
		self::assertSame( $before, Site::bundles() );
	}

	public function test_the_wrong_verb_is_refused(): void {
		self::$server->get_ability( self::ABILITY, Task::input( 'edit' ), self::$administrator->credentials )
			->assert_refused( 405, 'rest_ability_invalid_method' );
		self::$server->post_ability( 'wp-codebox/list-artifacts', array(), self::$administrator->credentials )
			->assert_refused( 405, 'rest_ability_invalid_method' );
	}

	public function test_artifacts_are_read_with_get(): void {
		$run  = self::$server->post_ability( self::ABILITY, Task::input( 'edit' ), self::$administrator->credentials )->json();
		$id   = $run['artifact_result']['artifactBundle']['id'];
		$list = self::$server->get_ability( 'wp-codebox/list-artifacts', array(), self::$administrator->credentials );
		self::assertSame( 200, $list->status, $list->body );
		self::assertSame( 'wp-codebox/artifact-list/v1', $list->json()['schema'] );

		$one = self::$server->get_ability( 'wp-codebox/get-artifact', array( 'artifact_id' => $id ), self::$administrator->credentials );
		self::assertSame( 200, $one->status, $one->body );
		self::assertSame( 'wp-codebox/artifact/v1', $one->json()['schema'] );
		self::assertStringContainsString( $id, $one->body );

		self::$server->get_ability( 'wp-codebox/get-artifact', array( 'artifact_id' => $id ), self::$subscriber->credentials )
			->assert_refused( 403, 'rest_ability_cannot_execute' );
	}

	public function test_an_ability_without_input_takes_none(): void {
		$path     = '/index.php?rest_route=/wp-abilities/v1/abilities/wp-codebox/runtime-descriptor/run';
		$response = self::$server->request( 'GET', $path, self::$administrator->credentials );
		self::assertSame( 200, $response->status, $response->body );
		self::assertSame( 'wp-codebox/runtime-descriptor/v1', $response->json()['schema'] );
	}
}

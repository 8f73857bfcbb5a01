<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_API;

/**
 * The same task through every door that this process has.
 */
final class RunAgentTaskTest extends SiteTestCase {

	use RunAssertions;

	private const ABILITY = 'wp-codebox/run-agent-task';

	public function test_the_facade_runs_a_task(): void {
		$input = Task::input( 'edit' );
		self::assert_edited( self::run_task( $input ), $input );
	}

	public function test_the_facade_runs_a_task_by_its_abilitys_name_and_alias(): void {
		foreach ( array( self::ABILITY, 'wp-codebox/run-sandbox-task' ) as $name ) {
			$input = Task::input( 'edit' );
			self::assert_edited( WP_Codebox_API::execute_ability( $name, $input ), $input );
		}
	}

	public function test_the_ability_runs_a_task(): void {
		$input = Task::input( 'edit' );
		self::assert_edited( wp_get_ability( self::ABILITY )->execute( $input ), $input );
	}

	public function test_the_ability_is_refused_without_the_capability(): void {
		$before = Site::bundles();
		$this->become( 'editor' );
		$refused = wp_get_ability( self::ABILITY )->execute( Task::input( 'edit' ) );
		self::assertInstanceOf( \WP_Error::class, $refused );
		self::assertSame( 'ability_invalid_permissions', $refused->get_error_code() );
		self::assertSame( $before, Site::bundles() );
	}

	public function test_a_filter_decides_who_may(): void {
		add_filter( 'wp_codebox_can_run_agent_task', '__return_false' );
		self::assertFalse( wp_get_ability( self::ABILITY )->check_permissions( Task::input( 'edit' ) ) );

		$this->become( 'editor' );
		self::assertFalse( wp_get_ability( self::ABILITY )->check_permissions( Task::input( 'edit' ) ) );
		remove_all_filters( 'wp_codebox_can_run_agent_task' );
		add_filter( 'wp_codebox_can_run_agent_task', '__return_true' );
		self::assertTrue( wp_get_ability( self::ABILITY )->check_permissions( Task::input( 'edit' ) ) );
	}

	public function test_the_session_is_the_callers(): void {
		$run = self::run_task(
			Task::input(
				'edit',
				array(
					'sandbox_session_id' => 'job-17.try-2',
					'orchestrator'       => array(
						'id'     => 'queue',
						'type'   => 'test',
						'job_id' => '17',
					),
				)
			)
		);
		self::assertSame( 'job-17.try-2', $run['session']['id'] );
		self::assertSame( 'external-orchestrator', $run['session']['persistence'] );
		self::assertSame(
			array(
				'id'     => 'queue',
				'type'   => 'test',
				'job_id' => '17',
			),
			$run['session']['orchestrator']
		);
	}

	public function test_the_sandbox_is_another_site(): void {
		$posts = wp_count_posts()->publish;
		$run   = self::run_task( Task::input( 'site' ) );
		self::assertTrue( $run['success'], (string) json_encode( $run['error'] ?? null ) );
		self::assertSame( 'Sandbox only', $run['agent_result']['title'] );
		self::assertSame( wp_get_wp_version(), $run['agent_result']['version'] );
		self::assertNotSame( 'Sandbox only', get_option( 'blogname' ) );
		self::assertSame( $posts, wp_count_posts()->publish );
		self::assertStringStartsWith( '8.3.', $run['agent_result']['php'] );
	}

	public function test_every_run_starts_afresh(): void {
		foreach ( array( 1, 2 ) as $ignored ) {
			$run = self::run_task( Task::input( 'site' ) );
			self::assertNotSame( 'Sandbox only', $run['agent_result']['title_before'] );
		}
	}

	public function test_readonly_mounts_are_not_changed_and_not_captured(): void {
		$input                      = Task::input( 'edit' );
		$input['mounts'][0]['mode'] = 'readonly';
		$run                        = self::run_task( $input );
		$bundle                     = self::assert_bundle( $run );
		self::assertSame( '', file_get_contents( $bundle . '/files/patch.diff' ) );
		self::assertSame( Site::files( __DIR__ . '/fixtures/workspace' ), Site::files( $input['mounts'][0]['source'] ) );
	}

	public function test_mounts_that_are_not_to_be_captured_are_not(): void {
		$input                                   = Task::input( 'edit' );
		$input['mounts'][0]['capture_artifacts'] = false;
		$run                                     = self::run_task( $input );
		self::assertTrue( $run['success'] );
		$bundle = self::assert_bundle( $run );
		self::assertSame( '', file_get_contents( $bundle . '/files/patch.diff' ) );
		self::assertSame( 'no_op', $run['agent_task_run_result']['status'] );

		$input                          = Task::input( 'edit' );
		$input['mounts'][0]['metadata'] = array( 'artifactExcludePaths' => array( 'notes/**' ) );
		$bundle                         = self::assert_bundle( self::run_task( $input ) );
		$changed                        = self::read_json( $bundle . '/files/changed-files.json' );
		self::assertSame( array( '/workspace/project/greeting.txt' ), array_column( $changed['files'], 'path' ) );
		self::assertSame( 2, $changed['excluded'] );
	}

	public function test_the_bundle_tells_what_the_agent_did(): void {
		$run    = self::run_task( Task::input( 'edit' ) );
		$bundle = self::assert_bundle( $run );
		foreach ( array( 'agent_task_result', 'completion_outcome' ) as $name ) {
			$path = $run['evidence_refs'][ $name ];
			self::assertSame( $path, $run['session']['artifacts'][ $name ] );
			self::assertSame( self::read_json( $path ), json_decode( (string) json_encode( $run[ $name ] ), true ) );
		}
		self::assertSame( $bundle . '/files/transcript.json', $run['evidence_refs']['transcript'] );
		self::assertSame( 'wp-codebox/agent-task-result/v1', $run['agent_task_result']['schema'] );
		self::assertSame( 'Edited the workspace.', $run['agent_task_result']['raw']['summary'] );
		self::assertSame( 'succeeded', $run['completion_outcome']['status'] );
		$transcript = self::read_json( $bundle . '/files/transcript.json' );
		self::assertSame( array( 'wordpress.ability' ), array_column( $transcript['executions'], 'command' ) );
		$result = self::read_json( $bundle . '/files/agent-result.json' );
		self::assertTrue( $result['actionable'] );
		self::assertSame( 3, $result['changedFiles']['count'] );
		$review = self::read_json( $bundle . '/files/review.json' );
		$steps  = array_column( $review['progress'], 'type' );
		self::assertSame( array( 'boot', 'complete' ), array( $steps[0], end( $steps ) ) );
		self::assertContains( 'agent-start', $steps );
	}

	public function test_the_output_fits_the_abilitys_schema(): void {
		$run = self::run_task( Task::input( 'edit' ) );
		self::assertTrue( rest_validate_value_from_schema( $run, wp_get_ability( self::ABILITY )->get_output_schema(), 'output' ) );
	}
}

<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * What holds for the result of a task, whichever way it was asked for.
 */
trait RunAssertions {

	/**
	 * Runs a task through the facade.
	 *
	 * @param array<string, mixed> $input The task.
	 * @return array<string, mixed> The envelope.
	 */
	protected static function run_task( array $input ): array {
		$run = \WP_Codebox_API::run_agent_task( $input );
		self::assertIsArray( $run, print_r( $run, true ) );
		return $run;
	}

	/**
	 * Asserts that an envelope is that of a successful `tasks/edit`, and that its bundle holds what
	 * the task did.
	 *
	 * @param array<string, mixed> $run   The envelope.
	 * @param array<string, mixed> $input What was asked for.
	 */
	protected static function assert_edited( array $run, array $input ): void {
		self::assertTrue( $run['success'], (string) json_encode( $run, JSON_PRETTY_PRINT ) );
		self::assertSame( 'wp-codebox/agent-task-run/v1', $run['schema'] );
		self::assertSame( 'completed', $run['status'] );
		self::assertSame( $input['goal'], $run['task'] );
		self::assertSame( 0, $run['exit_code'] );
		self::assertSame( 'wp-codebox/sandbox-session/v1', $run['session']['schema'] );
		self::assertSame( 'completed', $run['session']['status'] );
		self::assertSame( 'Edited the workspace.', $run['agent_result']['summary'] );
		self::assertSame( 'wp-codebox/agent-task-run-result/v1', $run['agent_task_run_result']['schema'] );
		self::assertSame( 'succeeded', $run['agent_task_run_result']['status'] );
		self::assertSame( 'wp-codebox/artifact-result-envelope/v1', $run['artifact_result']['schema'] );

		$bundle = self::assert_bundle( $run );

		// The host's copy is as it was; the patch makes another copy what the sandbox's became.
		$source = $input['mounts'][0]['source'];
		self::assertSame( Site::files( __DIR__ . '/../fixtures/workspace' ), Site::files( $source ) );
		self::assertSame( Task::edited(), self::patched( $source, $bundle . '/files/patch.diff' ) );

		$changed = self::read_json( $bundle . '/files/changed-files.json' );
		$paths   = array_column( $changed['files'], 'path' );
		sort( $paths );
		self::assertSame(
			array(
				'/workspace/project/greeting.txt',
				'/workspace/project/notes/added.txt',
				'/workspace/project/notes/removed.txt',
			),
			$paths
		);
	}

	/**
	 * Asserts that an envelope is that of a failed run with this code, with a bundle that says why.
	 *
	 * @param array<string, mixed> $run  The envelope.
	 * @param string               $code Error code.
	 * @return string Directory of the bundle.
	 */
	protected static function assert_failed( array $run, string $code ): string {
		self::assertFalse( $run['success'] );
		self::assertSame( 'wp-codebox/agent-task-run/v1', $run['schema'] );
		self::assertSame( 'failed', $run['status'] );
		self::assertSame( 'failed', $run['session']['status'] );
		self::assertSame( $code, $run['error']['code'], (string) json_encode( $run['error'] ) );
		self::assertNotSame( '', $run['error']['message'] );
		self::assertNotSame( 0, $run['exit_code'] );

		$bundle = self::assert_bundle( $run );
		self::assertStringContainsString( $code, (string) file_get_contents( $bundle . '/metadata.json' ) );
		return $bundle;
	}

	/**
	 * Asserts that the bundle of a run is there and whole.
	 *
	 * @param array<string, mixed> $run The envelope.
	 * @return string Its directory.
	 */
	protected static function assert_bundle( array $run ): string {
		$ref = $run['artifact_result']['artifactBundle'];
		self::assertMatchesRegularExpression( '/^artifact-bundle-sha256-[0-9a-f]{64}$/', $ref['id'] );
		self::assertSame( $ref['id'], $run['session']['artifacts']['bundle_id'] );
		self::assertStringStartsWith( $run['artifacts'] . '/', $ref['path'] );

		$files = array(
			'manifest.json',
			'metadata.json',
			'events.jsonl',
			'commands.jsonl',
			'files/changed-files.json',
			'files/patch.diff',
			'files/review.json',
			'files/test-results.json',
		);
		foreach ( $files as $file ) {
			self::assertFileExists( $ref['path'] . '/' . $file );
		}

		// The id says what is in it.
		$digest = hash(
			'sha256',
			"wp-codebox/artifact-content/v1\nfiles/changed-files.json\n"
				. file_get_contents( $ref['path'] . '/files/changed-files.json' )
				. "\nfiles/patch.diff\n"
				. file_get_contents( $ref['path'] . '/files/patch.diff' )
		);
		self::assertSame( 'artifact-bundle-sha256-' . $digest, $ref['id'] );
		self::assertSame( $ref['id'], self::read_json( $ref['path'] . '/manifest.json' )['id'] );
		return $ref['path'];
	}

	/**
	 * What a directory is after `git apply`.
	 *
	 * @param string $source The directory; it is not changed.
	 * @param string $patch  The patch.
	 * @return array<string, string> Content by path.
	 */
	protected static function patched( string $source, string $patch ): array {
		$copy = Site::scratch( 'patched' );
		Site::remove( $copy );
		Site::copy( $source, $copy );
		// Outside of every repository, or git would take the paths for another's.
		$applied = Process::run( array( 'git', '-C', $copy, 'apply', $patch ), array( 'GIT_CEILING_DIRECTORIES' => dirname( $copy ) ) );
		self::assertSame( 0, $applied->status, $applied->stderr . file_get_contents( $patch ) );
		return Site::files( $copy );
	}

	/**
	 * @return array<string|int, mixed>
	 */
	protected static function read_json( string $path ): array {
		$value = json_decode( (string) file_get_contents( $path ), true );
		self::assertIsArray( $value, $path );
		return $value;
	}
}

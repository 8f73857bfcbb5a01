<?php
/**
 * The demo: runs the repair agent on the settings plugin, both from examples/, and prints the story.
 *
 * Usage: php demo.php SECONDS_OF_SET_UP WP_COMMAND
 */

declare( strict_types = 1 );

namespace WP_Codebox\Demo;

exit( main( (int) $argv[1], $argv[2] ) );

/**
 * Runs the task and tells about it.
 *
 * @param int    $set_up Seconds that the set-up took.
 * @param string $wp     The command for WP-CLI.
 * @return int Exit status: 0 only if the task succeeded and its tests pass.
 */
function main( int $set_up, string $wp ): int {
	$input = input( dirname( __DIR__, 2 ) . '/examples' );
	heading( 'Goal' );
	line( $input['goal'] );

	$began = hrtime( true );
	$run   = run( array( $wp, 'codebox', 'run-agent-task', '--input-file=-' ), (string) json_encode( $input ) );
	$took  = ( hrtime( true ) - $began ) / 1e6;

	$envelope = json_decode( $run['stdout'], true );
	if ( ! is_array( $envelope ) ) {
		fwrite( STDERR, $run['stdout'] . $run['stderr'] );
		return 1;
	}
	steps( $envelope['agent_result']['steps'] ?? array() );
	tests( $envelope['agent_result']['test_results'] ?? array() );
	$patch = patch( $envelope );
	times( $set_up, $took, $envelope['run']['phaseEvidence'] ?? array() );

	$passed = 'passed' === ( $envelope['agent_result']['test_results']['after']['status'] ?? '' );
	if ( 0 !== $run['status'] || true !== $envelope['success'] || ! $passed || '' === $patch ) {
		heading( 'Failed' );
		if ( 'passed' === ( $envelope['agent_result']['test_results']['before']['status'] ?? '' ) ) {
			line( 'There was nothing to repair. Undo the repair: git checkout examples/settings-plugin' );
		}
		line( trim( $run['stderr'] ) );
		return 1;
	}
	next_commands( $envelope );
	return 0;
}

/**
 * The task.
 *
 * @param string $examples Directory of the examples.
 * @return array<string, mixed>
 */
function input( string $examples ): array {
	return array(
		'goal'                => 'Make the tests of the settings plugin pass.',
		'target'              => array(
			'kind' => 'plugin',
			'path' => 'settings-plugin',
		),
		'mounts'              => array(
			array(
				'source' => $examples . '/settings-plugin',
				'target' => '/workspace/settings-plugin',
				'mode'   => 'readwrite',
			),
		),
		'component_contracts' => array(
			array(
				'slug' => 'repair-agent',
				'path' => $examples . '/repair-agent',
			),
		),
		'runtime_task'        => array(
			'ability' => 'repair-agent/fix-failing-tests',
			'input'   => array( 'workspace' => '/workspace/settings-plugin' ),
		),
	);
}

/**
 * Runs a command to its end. What it writes to stderr is shown only if it fails.
 *
 * @param string[] $command The command and its arguments.
 * @param string   $stdin   What it reads.
 * @return array{status: int, stdout: string, stderr: string}
 */
function run( array $command, string $stdin ): array {
	$stderr = tmpfile();
	$pipes  = array();
	$child  = proc_open( $command, array( array( 'pipe', 'r' ), array( 'pipe', 'w' ), $stderr ), $pipes );
	fwrite( $pipes[0], $stdin );
	fclose( $pipes[0] );
	$stdout = (string) stream_get_contents( $pipes[1] );
	$status = proc_close( $child );
	rewind( $stderr );
	return array(
		'status' => $status,
		'stdout' => $stdout,
		'stderr' => (string) stream_get_contents( $stderr ),
	);
}

/**
 * Prints what the agent did.
 *
 * @param array<int, array{title: string, detail?: string}> $steps Its report.
 */
function steps( array $steps ): void {
	heading( 'Steps' );
	foreach ( $steps as $index => $step ) {
		line( sprintf( '%d. %s', $index + 1, $step['title'] ) );
		foreach ( preg_split( '/\R/', (string) ( $step['detail'] ?? '' ), -1, PREG_SPLIT_NO_EMPTY ) as $detail ) {
			line( '   ' . $detail );
		}
	}
}

/**
 * Prints the test results.
 *
 * @param array<string, array<string, mixed>> $results Before and after.
 */
function tests( array $results ): void {
	heading( 'Tests' );
	foreach ( $results as $when => $result ) {
		$tests  = $result['tests'] ?? array();
		$failed = array_filter( $tests, static fn( $test ) => 'passed' !== $test['status'] );
		line( sprintf( '%-7s %d of %d passed', $when, count( $tests ) - count( $failed ), count( $tests ) ) );
		foreach ( $failed as $test ) {
			line( '        failed: ' . $test['name'] );
		}
	}
}

/**
 * Prints the patch and where it is kept.
 *
 * @param array<string, mixed> $envelope The result.
 * @return string The patch.
 */
function patch( array $envelope ): string {
	$bundle = $envelope['artifact_result']['artifactBundle'];
	$patch  = (string) file_get_contents( $bundle['path'] . '/files/patch.diff' );
	heading( 'Patch' );
	foreach ( explode( "\n", rtrim( $patch, "\n" ) ) as $text ) {
		line( $text );
	}
	heading( 'Artifact' );
	line( $bundle['id'] );
	line( $bundle['path'] );
	return $patch;
}

/**
 * Prints how long everything took.
 *
 * @param int                              $set_up Seconds that the set-up took.
 * @param float                            $took   Milliseconds that the command took.
 * @param array<int, array<string, mixed>> $phases The phases of the run.
 */
function times( int $set_up, float $took, array $phases ): void {
	heading( 'Time' );
	line( sprintf( '%-22s %9.2f s', 'set-up', $set_up ) );
	line( sprintf( '%-22s %9.2f s', 'wp codebox', $took / 1000 ) );
	foreach ( $phases as $phase ) {
		line( sprintf( '  %-20s %9.2f s', str_replace( '_', ' ', $phase['name'] ), $phase['durationMs'] / 1000 ) );
	}
}

/**
 * Prints what to try next.
 *
 * @param array<string, mixed> $envelope The result.
 */
function next_commands( array $envelope ): void {
	$bundle = $envelope['artifact_result']['artifactBundle'];
	heading( 'Next' );
	line( 'Apply the patch:      git apply --directory=examples/settings-plugin ' . $bundle['path'] . '/files/patch.diff' );
	line( 'Read the artifact:    bin/wp codebox artifacts get ' . $bundle['id'] );
	line( 'Run a task of yours:  bin/wp help codebox run-agent-task' );
	echo "\n";
}

/**
 * Starts a section.
 *
 * @param string $title Its title.
 */
function heading( string $title ): void {
	echo "\n", $title, "\n";
}

/**
 * Prints a line of a section.
 *
 * @param string $text The text.
 */
function line( string $text ): void {
	echo '  ', $text, "\n";
}

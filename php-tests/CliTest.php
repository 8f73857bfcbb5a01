<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * `wp codebox …` in processes of its own.
 */
final class CliTest extends ProcessTestCase {

	use RunAssertions;

	public function test_a_task_is_run(): void {
		$input = Task::input( 'edit' );
		$ended = Site::wp( 'codebox', 'run-agent-task', '--input-json=' . json_encode( $input ) );
		self::assertSame( 0, $ended->status, $ended->stderr );
		self::assertSame( '', $ended->stderr );
		self::assert_edited( $ended->json(), $input );
	}

	public function test_a_task_is_run_with_flags_alone(): void {
		$input = Task::input( 'edit' );
		$ended = Site::wp(
			'codebox',
			'run-agent-task',
			'--goal=' . $input['goal'],
			'--mounts=' . json_encode( $input['mounts'] ),
			'--component-contracts=' . json_encode( $input['component_contracts'] ),
			'--runtime-task=' . json_encode( $input['runtime_task'] ),
			'--task-timeout-seconds=120',
			'--expected-artifacts=patch, tests'
		);
		self::assertSame( 0, $ended->status, $ended->stderr );
		$run = $ended->json();
		self::assert_edited( $run, $input );
		self::assertSame( 120, $run['task_input']['task_timeout_seconds'] );
		self::assertSame( array( 'patch', 'tests' ), $run['task_input']['expected_artifacts'] );
	}

	public function test_a_failed_task_exits_with_1_and_still_prints_its_envelope(): void {
		$ended = Site::wp( 'codebox', 'run-agent-task', '--input-json=' . json_encode( Task::input( 'throw' ) ) );
		self::assertSame( 1, $ended->status );
		self::assert_failed( $ended->json(), 'wp_codebox_run_fatal' );
		self::assertMatchesRegularExpression( '/\AError: [^\n]*thrown by the task[^\n]* \(wp_codebox_run_fatal\)\n\z/', $ended->stderr );
	}

	public function test_flags_win_over_json_and_json_over_the_file(): void {
		$file = Site::scratch( 'input.json' );
		file_put_contents( $file, '{"goal":"file","sandbox_session_id":"file","colour":"file"}' );
		// Each part alone is refused for its own reason, which shows whose value was read.
		$this->wp_refused( 'wp_codebox_input_invalid', 'colour', "--input-file=$file" );
		$this->wp_refused( 'wp_codebox_task_missing', 'goal', "--input-file=$file", '--input-json={"goal":" "}' );
		$this->wp_refused( 'wp_codebox_input_invalid', 'colour', "--input-file=$file", '--input-json={"goal":" "}', '--goal=flag' );
		$this->wp_refused( 'wp_codebox_task_missing', 'goal', "--input-file=$file", '--input-json={"goal":"json"}', '--goal=' );
	}

	public function test_the_input_is_read_from_standard_input(): void {
		$input = Task::input( 'edit' );
		$ended = Process::run(
			array_merge( Site::wp_command(), array( 'codebox', 'run-agent-task', '--input-file=-' ) ),
			array(),
			(string) json_encode( $input )
		);
		self::assertSame( 0, $ended->status, $ended->stderr );
		self::assert_edited( $ended->json(), $input );
	}

	public function test_an_unknown_flag_is_refused_by_name(): void {
		$this->wp_refused( 'wp_codebox_input_invalid', 'colour', '--goal=x', '--colour=red' );
	}

	public function test_a_number_that_is_none_is_refused_by_name(): void {
		$this->wp_refused( 'wp_codebox_input_invalid', 'task_timeout_seconds', '--goal=x', '--task-timeout-seconds=soon' );
		$this->wp_refused( 'wp_codebox_input_invalid', 'task_timeout_seconds', '--goal=x', '--task-timeout-seconds=1.5' );
	}

	/**
	 * @return array<string, array{string, string[]}> Line, arguments.
	 */
	public static function unreadable(): array {
		return array(
			'a file that is not there'   => array( 'Input file is not readable: /no/such/file', array( '--input-file=/no/such/file' ) ),
			'a directory as file'        => array( 'Input file is not readable: /tmp', array( '--input-file=/tmp' ) ),
			'JSON that is none'          => array( 'input-json must be a JSON object', array( '--input-json={"goal"' ) ),
			'JSON that is a list'        => array( 'input-json must be a JSON object', array( '--input-json=["goal"]' ) ),
			'JSON that is a word'        => array( 'input-json must be a JSON object', array( '--input-json=goal' ) ),
			'an object flag that is not' => array( 'target must be a JSON object', array( '--goal=x', '--target=plugin' ) ),
			'a broken object flag'       => array( 'target must be a JSON object', array( '--goal=x', '--target={' ) ),
			'a list flag that is not'    => array( 'mounts must be a JSON array', array( '--goal=x', '--mounts=/a:/b' ) ),
			'a format that is not'       => array( 'format: json is all there is', array( '--goal=x', '--format=table' ) ),
		);
	}

	/**
	 * @dataProvider unreadable
	 *
	 * @param string[] $arguments
	 */
	public function test_what_cannot_be_read_is_refused_in_one_line( string $line, array $arguments ): void {
		$ended = Site::wp( 'codebox', 'run-agent-task', ...$arguments );
		self::assertSame( array( 1, '' ), array( $ended->status, $ended->stdout ) );
		self::assertMatchesRegularExpression( '/\AError: ' . preg_quote( $line, '/' ) . '[^\n]*\n\z/', $ended->stderr );
	}

	public function test_the_runtime_describes_itself(): void {
		$ended = Site::wp( 'codebox', 'runtime', 'descriptor' );
		self::assertSame( 0, $ended->status, $ended->stderr );
		self::assertSame( 'wp-codebox/runtime-descriptor/v1', $ended->json()['schema'] );
		self::assertSame( 'available', $ended->json()['readiness']['status'] );
	}

	public function test_help_is_read_off_the_schema(): void {
		$help = Site::wp( 'help', 'codebox', 'run-agent-task' )->stdout;
		foreach ( \WP_Codebox_API::abilities() as $row ) {
			if ( 'wp-codebox/run-agent-task' === $row['name'] ) {
				foreach ( array_diff( array_keys( $row['input_schema']['properties'] ), array( 'context' ) ) as $field ) {
					self::assertStringContainsString( '[--' . str_replace( '_', '-', $field ) . '=<', $help );
				}
			}
		}
		self::assertStringContainsString( 'context', $help );
	}

	private function wp_refused( string $code, string $field, string ...$arguments ): void {
		Site::wp( 'codebox', 'run-agent-task', ...$arguments )->assert_refused( $code, $field );
	}
}

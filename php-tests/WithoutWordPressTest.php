<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;

/**
 * Plain PHP with the extension, and no WordPress around it.
 */
final class WithoutWordPressTest extends TestCase {

	use RunAssertions;

	public function test_a_script_runs_a_task_and_reads_its_bundle(): void {
		$input = Task::input( 'edit' );
		$ended = $this->script(
			'$run  = WP_Codebox_API::run_agent_task( $input );
			$id    = $run["artifact_result"]["artifactBundle"]["id"];
			$list  = WP_Codebox_API::list_artifacts();
			$one   = WP_Codebox_API::get_artifact( array( "artifact_id" => $id ) );
			$known = class_exists( "WP_Error" ) || function_exists( "apply_filters" );
			echo json_encode( compact( "run", "list", "one", "known" ) );',
			$input
		);
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ) );
		$answer = $ended->json();
		self::assertFalse( $answer['known'] );
		self::assert_edited( $answer['run'], $input );
		$id = $answer['run']['artifact_result']['artifactBundle']['id'];
		self::assertStringContainsString( $id, (string) json_encode( $answer['list']['artifacts'] ) );
		self::assertStringContainsString( $id, (string) json_encode( $answer['one'] ) );
	}

	public function test_a_script_applies_to_a_configured_target_and_cannot_stage(): void {
		$input   = Task::input( 'edit' );
		$source  = $input['mounts'][0]['source'];
		$targets = Site::scratch( 'targets.json' );
		file_put_contents( $targets, json_encode( array( array( 'name' => 'here', 'kind' => 'directory', 'path' => $source ) ) ) );
		$ended = $this->script(
			'$run     = WP_Codebox_API::run_agent_task( $input );
			$approval = array(
				"artifact_id"    => $run["artifact_result"]["artifactBundle"]["id"],
				"approved_files" => array( "/workspace/project/greeting.txt", "/workspace/project/notes/added.txt", "/workspace/project/notes/removed.txt" ),
			);
			try {
				WP_Codebox_API::stage_artifact_apply( $approval );
			} catch ( WP_Codebox_Exception $e ) {
				$refused = $e->get_error_code();
			}
			$applied = WP_Codebox_API::apply_approved_artifact( $approval );
			$root    = dirname( $run["artifact_result"]["artifactBundle"]["path"] );
			$records = WP_Codebox_API::verify_artifacts( array( "artifacts_path" => $root ) )["audits"][0]["valid"];
			echo json_encode( compact( "refused", "applied", "records" ) );',
			$input,
			array( 'WP_CODEBOX_APPLY_TARGETS' => $targets )
		);
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ) );
		$answer = $ended->json();
		self::assertSame( 'wp_codebox_pending_apply_unavailable', $answer['refused'] );
		self::assertSame( 'applied', $answer['applied']['result']['status'] );
		self::assertTrue( $answer['records'] );
		self::assertSame( Task::edited(), Site::files( $source ) );
	}

	public function test_a_refusal_is_an_exception(): void {
		$ended = $this->script(
			'try {
				WP_Codebox_API::run_agent_task( $input );
			} catch ( WP_Codebox_Exception $e ) {
				echo json_encode( array( $e->get_error_code(), $e->get_error_data(), $e->getMessage() ) );
			}',
			array( 'goal' => ' ' )
		);
		[ $code, $data, $message ] = $ended->json();
		self::assertSame( 'wp_codebox_task_missing', $code );
		self::assertSame( 400, $data['status'] );
		self::assertSame( 'goal', $data['field'] );
		self::assertStringContainsString( 'goal', $message );
	}

	public function test_a_failed_task_is_an_answer(): void {
		$ended = $this->script( 'echo json_encode( WP_Codebox_API::run_agent_task( $input ) );', Task::input( 'throw' ) );
		self::assertSame( 0, $ended->status, $ended->stderr );
		self::assert_failed( $ended->json(), 'wp_codebox_run_fatal' );
	}

	public function test_loading_the_extension_starts_nothing(): void {
		$ended = $this->script( 'echo count( scandir( "/proc/self/task" ) ) - 2;', array() );
		self::assertSame( '1', $ended->stdout, 'One thread: the process itself.' );
	}

	/**
	 * @param array<string, mixed>  $input       The script's `$input`.
	 * @param array<string, string> $environment Changes to our own environment.
	 */
	private function script( string $code, array $input, array $environment = array() ): Finished {
		$file = Site::scratch( 'script.php' );
		file_put_contents( $file, "<?php\n\$input = json_decode( file_get_contents( 'php://stdin' ), true );\n$code" );
		return Process::php( array( $file ), $environment, (string) json_encode( $input ) );
	}
}

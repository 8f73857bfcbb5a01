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
	 * @param array<string, mixed> $input The script's `$input`.
	 */
	private function script( string $code, array $input ): Finished {
		$file = Site::scratch( 'script.php' );
		file_put_contents( $file, "<?php\n\$input = json_decode( file_get_contents( 'php://stdin' ), true );\n$code" );
		return Process::php( array( $file ), array(), (string) json_encode( $input ) );
	}
}

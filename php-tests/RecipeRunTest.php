<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * `wp codebox recipe run …`, and the facade.
 */
final class RecipeRunTest extends ProcessTestCase {

	private static function example( string $name ): string {
		return dirname( __DIR__ ) . "/examples/recipes/$name.json";
	}

	/**
	 * A recipe of one step, in a file.
	 */
	private static function recipe( string $code ): string {
		$file   = Site::scratch( 'recipe.json' );
		$recipe = array(
			'schema'   => 'wp-codebox/workspace-recipe/v1',
			'workflow' => array(
				'steps' => array(
					array(
						'command' => 'wordpress.run-php',
						'args'    => array( "code=$code" ),
					),
				),
			),
		);
		file_put_contents( $file, json_encode( $recipe ) );
		return $file;
	}

	public function test_a_recipe_is_run_and_its_bundle_is_there(): void {
		$ended = Site::wp( 'codebox', 'recipe', 'run', self::example( 'heavyweight-plugin' ), '--format=json' );
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ), $ended->stdout );
		$run = $ended->json();
		self::assertSame( 'wp-codebox/recipe-run/v1', $run['schema'] );
		self::assertTrue( $run['success'] );
		self::assertFileExists( $run['artifacts']['directory'] . '/files/runtime-evidence/recipe-run.json' );
		$listed = \WP_Codebox_API::get_artifact( array( 'artifact_id' => $run['artifacts']['id'] ) );
		self::assertSame( $run['artifacts']['id'], $listed['artifact']['id'] ?? null );
	}

	public function test_a_run_that_fails_exits_with_1_and_still_prints_its_result(): void {
		$ended = Site::wp( 'codebox', 'recipe', 'run', self::recipe( "throw new RuntimeException( 'on purpose' );" ) );
		self::assertSame( 1, $ended->status );
		self::assertSame( 'verify-step-failed', $ended->json()['error']['code'] );
		self::assertMatchesRegularExpression( '/\AError: [^\n]*on purpose[^\n]* \(verify-step-failed\)\n\z/', $ended->stderr );
	}

	public function test_a_recipe_with_issues_is_refused_in_one_line(): void {
		$file = Site::scratch( 'recipe.json' );
		file_put_contents( $file, '{"schema":"wp-codebox/workspace-recipe/v1","workflow":{"steps":[{"command":"no.such"}]}}' );
		$ended = Site::wp( 'codebox', 'recipe', 'run', $file );
		self::assertSame( array( 1, '' ), array( $ended->status, $ended->stdout ) );
		self::assertMatchesRegularExpression( '/\AError: [^\n]*unsupported-command[^\n]* \(wp_codebox_recipe_invalid\)\n\z/', $ended->stderr );
	}

	public function test_ctrl_c_ends_the_run_and_keeps_its_bundle(): void {
		$marker   = Site::scratch( 'began' );
		@unlink( $marker );
		$listener = Site::scratch( 'listener.php' );
		$code     = "add_action( 'wp_codebox_progress', fn ( \$told ) => 'step-began' === \$told['type'] && touch( %s ) );";
		file_put_contents( $listener, '<?php WP_CLI::add_hook( "after_wp_load", function () { ' . sprintf( $code, var_export( $marker, true ) ) . ' } );' );
		$command = array( "--require=$listener", 'codebox', 'recipe', 'run', self::recipe( 'while ( true ) {}' ) );
		$process = new Process( array_merge( Site::wp_command(), $command ) );
		while ( ! is_file( $marker ) && $process->is_running() ) {
			usleep( 5000 );
			clearstatcache();
		}
		$ended = $process->interrupted();
		self::assertSame( 1, $ended->status, $ended->stderr );
		$run = $ended->json();
		self::assertSame( array( 'cancelled', 'recipe-interrupted' ), array( $run['status'], $run['error']['code'] ) );
		self::assertFileExists( $run['artifacts']['directory'] . '/files/outcome.json' );
	}

	public function test_progress_is_a_line_for_each_step_without_anything_that_commands_the_terminal(): void {
		$code  = 'foreach ( array( array( "type" => "phase-began", "phase" => "run_workloads" ), array( "type" => "step-ended", "step" => "a\x1b[2Jb", "status" => "failed", "durationMs" => 2.4, "message" => "no\nway" ) ) as $told ) { WP_Codebox_CLI_Progress::show( $told ); }';
		$ended = Site::wp( 'eval', $code );
		self::assertSame( "Run workloads\n  x a [2Jb (2 ms): no way\n", $ended->stderr );
	}

	public function test_a_step_is_shown_while_it_runs_and_by_its_place_in_the_recipe(): void {
		$code  = '$step = array( "recipePhase" => "steps", "index" => 1, "step" => "wordpress.run-php" ); foreach ( array( array( "type" => "step-began" ) + $step, array( "type" => "step-ended", "status" => "succeeded", "durationMs" => 2.4 ) + $step, array( "type" => "step-began", "recipePhase" => "plugin", "index" => 0, "step" => str_repeat( "x", 200 ) ) ) as $told ) { WP_Codebox_CLI_Progress::show( $told ); }';
		$ended = Site::wp( 'eval', $code );
		self::assertSame( "  . steps[1] wordpress.run-php\r\033[K  + steps[1] wordpress.run-php (2 ms)\n  . " . str_repeat( 'x', 74 ), $ended->stderr );
	}
}

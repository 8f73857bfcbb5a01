<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use Error;
use PHPUnit\Framework\TestCase;
use WP_Codebox_API;
use WP_Codebox_Exception;

/**
 * `host/…` as steps of a recipe: tools that the program hands in.
 */
final class HostToolsInRecipesTest extends TestCase {

	/** @var list<array> */
	private array $calls = array();

	public function test_a_step_calls_a_tool_between_two_commands_of_the_sandbox(): void {
		$run = $this->run_recipe(
			array(
				array( 'command' => 'wordpress.run-php', 'args' => array( 'code=update_option( "colour", "green" );' ) ),
				array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1', 'count=2' ) ),
				array( 'command' => 'wordpress.run-php', 'args' => array( 'code=echo get_option( "colour" );' ) ),
			)
		);
		self::assertTrue( $run['success'], (string) json_encode( $run['error'] ?? null ) );
		self::assertSame( array( array( 'sku' => 'a-1', 'count' => 2 ) ), $this->calls );
		self::assertSame( array( 0, 'host/price.lookup' ), array( $run['executions'][1]['exitCode'], $run['executions'][1]['command'] ) );
		$result = $run['executions'][1]['result']['json'];
		self::assertSame( array( 'wp-codebox/host-tool-result/v1', 'ok', array( 'price' => 24 ) ), array( $result['schema'], $result['status'], $result['output'] ) );
		self::assertSame( 'green', $run['executions'][2]['stdout'] );
		$events = file_get_contents( $run['artifacts']['directory'] . '/events.jsonl' );
		self::assertStringContainsString( '"hostTools":["host/price.lookup"]', $events );
		self::assertMatchesRegularExpression( '~runtime\.policy\.allowed.*host/price\.lookup~', $events );
		self::assertStringContainsString( '\\"price\\":24', file_get_contents( $run['artifacts']['directory'] . '/commands.jsonl' ) );
	}

	public function test_the_derived_policy_names_the_tool_and_a_given_one_has_to(): void {
		$steps = array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1' ) ) );
		$input = array( 'recipe' => self::recipe( $steps ), 'host_tools' => array( $this->tool() ) );
		self::assertSame( array( 'host/price.lookup' ), WP_Codebox_API::plan_recipe( $input )['plan']['policy']['commands'] );
		$policy = array( 'network' => 'deny', 'filesystem' => 'readwrite-mounts', 'commands' => array( 'host/*' ), 'secrets' => 'none', 'approvals' => 'never' );
		foreach ( array( 'run_recipe', 'validate_recipe' ) as $method ) {
			try {
				$answer = WP_Codebox_API::$method( $input + array( 'policy' => $policy ) );
				$issues = $answer['issues'];
			} catch ( WP_Codebox_Exception $e ) {
				self::assertSame( 'runtime-policy-missing-command', $e->get_error_code() );
				$issues = $e->get_error_data()['issues'];
			}
			self::assertSame( array( 'runtime-policy-missing-command' ), array_column( $issues, 'code' ), $method );
		}
		self::assertSame( array(), $this->calls );
	}

	public function test_a_tool_that_is_not_registered_is_refused_before_anything_has_happened(): void {
		foreach ( array( array(), array( array( 'name' => 'host/other' ) + $this->tool() ) ) as $tools ) {
			$input  = array( 'recipe' => self::recipe( array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1' ) ) ) ), 'host_tools' => $tools );
			$answer = WP_Codebox_API::validate_recipe( $input );
			self::assertSame( array( array( 'unsupported-command', '$.workflow.steps[0].command' ) ), array_map( static fn( $issue ) => array( $issue['code'], $issue['path'] ), $answer['issues'] ) );
		}
	}

	public function test_what_goes_wrong_in_a_tool_fails_its_step_and_after_runs(): void {
		foreach ( array( static fn() => throw new Error( 'out of prices' ), static fn() => array( 'price' => 'twelve' ) ) as $callback ) {
			$run = $this->run_recipe(
				array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1' ) ) ),
				array( 'callback' => $callback ),
				array( 'after' => array( array( 'command' => 'wordpress.run-php', 'args' => array( 'code=echo "after";' ) ) ) )
			);
			self::assertSame( array( false, 'verify-step-failed' ), array( $run['success'], $run['error']['code'] ) );
			self::assertSame( 'after', end( $run['executions'] )['stdout'] );
		}
	}

	public function test_a_tool_that_writes_needs_approval_and_nobody_is_there(): void {
		$policy = array( 'network' => 'deny', 'filesystem' => 'readwrite-mounts', 'commands' => array( 'host/price.lookup' ), 'secrets' => 'none', 'approvals' => 'on-write' );
		$steps  = array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1' ) ) );
		$run    = $this->run_recipe( $steps, array(), array(), array( 'policy' => $policy ) );
		self::assertSame( array( false, array() ), array( $run['success'], $this->calls ) );
		self::assertStringContainsString( 'runtime.policy.denied', file_get_contents( $run['artifacts']['directory'] . '/events.jsonl' ) );
		self::assertTrue( $this->run_recipe( $steps, array( 'writes' => false ), array(), array( 'policy' => $policy ) )['success'] );
	}

	public function test_secrets_do_not_come_back_through_a_tool(): void {
		putenv( 'WP_CODEBOX_TEST_SECRET=fV8-kq2Lw-77tzR' );
		$run = $this->run_recipe(
			array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1' ) ) ),
			array( 'callback' => static fn() => array( 'price' => 1, 'key' => 'fV8-kq2Lw-77tzR' ) ),
			array(),
			array(),
			array( 'secretEnv' => array( 'WP_CODEBOX_TEST_SECRET' ) )
		);
		putenv( 'WP_CODEBOX_TEST_SECRET' );
		self::assertTrue( $run['success'] );
		self::assertStringNotContainsString( 'fV8-kq2Lw-77tzR', (string) json_encode( $run ) );
		foreach ( array( 'commands.jsonl', 'events.jsonl', 'files/runtime-evidence/recipe-run.json' ) as $file ) {
			self::assertStringNotContainsString( 'fV8-kq2Lw-77tzR', file_get_contents( $run['artifacts']['directory'] . "/$file" ), $file );
		}
	}

	public function test_a_tool_can_use_a_sandbox_of_its_own(): void {
		$other = WP_Codebox_API::create_sandbox();
		$run   = $this->run_recipe(
			array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1' ) ) ),
			array( 'callback' => static fn() => array( 'price' => $other->execute( 'wordpress.run-php', array( 'code' => 'return 5;' ) )['result'] ) )
		);
		self::assertSame( 5, $run['executions'][0]['result']['json']['output']['price'] );
	}

	public function test_exit_in_a_tool_ends_the_process(): void {
		$file = Site::scratch( 'exits-in-a-recipe.php' );
		file_put_contents(
			$file,
			'<?php WP_Codebox_API::run_recipe( array( "recipe" => json_decode( ' . var_export( (string) json_encode( self::recipe( array( array( 'command' => 'host/x' ) ) ) ), true ) . ', true ),
				"artifacts_path" => ' . var_export( Site::scratch( 'exits-in-a-recipe' ), true ) . ',
				"host_tools" => array( array( "name" => "host/x", "input_schema" => array(), "callback" => function () { exit( 7 ); } ) ) ) ); echo "went on";'
		);
		$ended = Process::php( array( $file ) );
		self::assertSame( array( 7, '' ), array( $ended->status, $ended->stdout ) );
	}

	public function test_exit_in_a_tool_ends_the_run_there_also_where_the_step_may_fail(): void {
		$store = Site::scratch( 'exits-where-it-may-fail' );
		Site::remove( $store );
		$steps = array(
			array( 'command' => 'host/x', 'allowFailure' => true ),
			array( 'command' => 'wordpress.run-php', 'args' => array( 'code=return 1;' ) ),
		);
		$ended = self::program(
			self::recipe( $steps ),
			'array( "artifacts_path" => ' . var_export( $store, true ) . ', "host_tools" => array( array( "name" => "host/x", "input_schema" => array(), "callback" => function () { exit( 7 ); } ) ) )'
		);
		self::assertSame( array( 7, '' ), array( $ended->status, $ended->stdout ), $ended->stderr );
		list( $bundle ) = glob( "$store/*/commands.jsonl" );
		self::assertStringContainsString( 'host/x', file_get_contents( $bundle ) );
		self::assertStringNotContainsString( 'wordpress.run-php', file_get_contents( $bundle ) );
		self::assertStringContainsString( 'recipe-interrupted', file_get_contents( dirname( $bundle ) . '/files/outcome.json' ) );
	}

	public function test_a_listener_that_throws_has_no_say_in_a_run(): void {
		$steps = array( array( 'command' => 'host/x' ), array( 'command' => 'wordpress.run-php', 'args' => array( 'code=echo "went on";' ) ) );
		$ended = self::program(
			self::recipe( $steps ),
			'array( "artifacts_path" => ' . var_export( Site::scratch( 'listener' ), true ) . ', "host_tools" => array( array( "name" => "host/x", "input_schema" => array(), "callback" => fn() => 1 ) ) )',
			'function apply_filters( $name, $value ) { return $value; }
			final class Ends extends Exception { public function __destruct() { $GLOBALS["gone"] = ( $GLOBALS["gone"] ?? 0 ) + 1; } }
			function do_action( $name, $told ) { throw new Ends( $told["type"] ); }'
		);
		self::assertSame( array( 0, 'completed went on 1' ), array( $ended->status, $ended->stdout ), $ended->stderr );
	}

	public function test_tools_that_cannot_be_are_refused_by_field(): void {
		$recipe = self::recipe( array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku=a-1' ) ) ) );
		$cases  = array(
			'host_tools.0.name'         => array( array( 'name' => 'price' ) + $this->tool() ),
			'host_tools.0.callback'     => array( array( 'callback' => 'no_such_function' ) + $this->tool() ),
			'host_tools.0.colour'       => array( array( 'colour' => 'red' ) + $this->tool() ),
			'host_tools.1.name'         => array( $this->tool(), $this->tool() ),
			'host_tools.0.input_schema.properties.sku.pattern' => array( array( 'input_schema' => array( 'properties' => array( 'sku' => array( 'pattern' => 'a' ) ) ) ) + $this->tool() ),
			'host_tools'                => 'host/price.lookup',
		);
		foreach ( $cases as $field => $tools ) {
			try {
				WP_Codebox_API::run_recipe( array( 'recipe' => $recipe, 'host_tools' => $tools ) );
				self::fail( "$field was not refused." );
			} catch ( WP_Codebox_Exception $e ) {
				self::assertSame( $field, $e->get_error_data()['field'] ?? null, $e->getMessage() );
			}
		}
	}

	public function test_only_the_methods_for_recipes_take_callbacks(): void {
		$this->expectException( WP_Codebox_Exception::class );
		$this->expectExceptionMessage( 'host_tools' );
		WP_Codebox_API::execute_ability( 'wp-codebox/run-recipe', array( 'recipe' => self::recipe( array() ), 'host_tools' => array() ) );
	}

	private function run_recipe( array $steps, array $tool = array(), array $workflow = array(), array $more = array(), array $inputs = array() ): array {
		$recipe              = self::recipe( $steps );
		$recipe['workflow'] += $workflow;
		if ( $inputs ) {
			$recipe['inputs'] = $inputs;
		}
		return WP_Codebox_API::run_recipe(
			$more + array(
				'recipe'         => $recipe,
				'artifacts_path' => Site::scratch( 'host-tools-in-recipes' ),
				'host_tools'     => array( $tool + $this->tool() ),
			)
		);
	}

	/**
	 * Runs a recipe in a process of its own, which says what came of it.
	 */
	private static function program( array $recipe, string $more, string $before = '' ): Finished {
		$file = Site::scratch( 'runs-a-recipe.php' );
		file_put_contents(
			$file,
			"<?php $before" . '
			$run = WP_Codebox_API::run_recipe( array( "recipe" => json_decode( ' . var_export( (string) json_encode( $recipe ), true ) . ", true ) ) + $more );" . '
			echo $run["status"], " ", end( $run["executions"] )["stdout"], " ", (int) ( ( $gone ?? 0 ) > 3 );'
		);
		return Process::php( array( $file ) );
	}

	private static function recipe( array $steps ): array {
		return array( 'schema' => 'wp-codebox/workspace-recipe/v1', 'workflow' => array( 'steps' => $steps ) );
	}

	private function tool(): array {
		return array(
			'name'          => 'host/price.lookup',
			'input_schema'  => array(
				'type'                 => 'object',
				'properties'           => array( 'sku' => array( 'type' => 'string' ), 'count' => array( 'type' => 'integer' ) ),
				'required'             => array( 'sku' ),
				'additionalProperties' => false,
			),
			'output_schema' => array(
				'type'       => 'object',
				'properties' => array( 'price' => array( 'type' => 'integer' ) ),
				'required'   => array( 'price' ),
			),
			'callback'      => function ( array $input ): array {
				$this->calls[] = $input;
				return array( 'price' => 12 * ( $input['count'] ?? 1 ) );
			},
		);
	}
}

<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use Error;
use PHPUnit\Framework\TestCase;
use WP_Codebox_API;
use WP_Codebox_Exception;
use WP_Codebox_Sandbox;

/**
 * `host/…`: tools of the parent's that a sandbox's commands call.
 */
final class HostToolsTest extends TestCase {

	/** @var list<array> */
	private array $calls = array();

	public function test_a_tool_is_called_with_its_input_and_its_output_is_the_result(): void {
		$sandbox = $this->sandbox();
		$answer  = $sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) );
		self::assertSame(
			array( 'schema' => 'wp-codebox/host-tool-result/v1', 'tool' => 'host/price.lookup', 'status' => 'ok', 'output' => array( 'price' => 12 ) ),
			$answer['result']
		);
		self::assertSame( array( 0, 'host/price.lookup', array( 'input={"sku":"a-1"}' ) ), array( $answer['exitCode'], $answer['command'], $answer['args'] ) );
		self::assertSame( array( array( 'sku' => 'a-1' ) ), $this->calls );
		$events = $sandbox->destroy();
		self::assertSame( array( 'host/price.lookup' ), $events[0]['data']['hostTools'] );
		self::assertContains( 'runtime.command.finished', array_column( $events, 'type' ) );
	}

	public function test_input_that_does_not_fit_is_refused_and_the_tool_not_called(): void {
		$sandbox = $this->sandbox();
		foreach ( array( array(), array( 'sku' => 7 ), array( 'sku' => 'a', 'more' => 1 ), array( 'sku' => str_repeat( 'x', 2 << 20 ) ) ) as $input ) {
			self::assert_refused( fn() => $sandbox->execute( 'host/price.lookup', $input ), 'args' );
		}
		foreach ( array( 'host/price', 'host/', 'host/price.lookup/x', 'host/Price.lookup' ) as $other ) {
			self::assert_refused( fn() => $sandbox->execute( $other, array( 'sku' => 'a' ) ), 'command' );
		}
		self::assertSame( array(), $this->calls );
	}

	public function test_the_policy_has_to_list_the_very_name(): void {
		foreach ( array( 'host/*', 'host/', 'host/price', 'host/price.lookup2' ) as $listed ) {
			$sandbox = $this->sandbox( array( 'runtime_policy' => array( 'commands' => array( 'wordpress.run-php', $listed ) ) ) );
			try {
				$sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) );
				self::fail( "$listed lets host/price.lookup in." );
			} catch ( WP_Codebox_Exception $e ) {
				self::assertSame( 'runtime-command-disallowed', $e->get_error_code() );
				self::assertSame( 'host/price.lookup', $e->get_error_data()['violation']['command'] );
			}
		}
		self::assertSame( array(), $this->calls );
		$sandbox = $this->sandbox( array( 'runtime_policy' => array( 'commands' => array( 'host/price.lookup' ) ) ) );
		self::assertSame( 'ok', $sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) )['result']['status'] );
	}

	public function test_a_tool_that_writes_needs_approval_and_one_that_does_not_needs_none(): void {
		$policy = array( 'runtime_policy' => array( 'approvals' => 'on-write' ) );
		try {
			$this->sandbox( $policy )->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) );
			self::fail( 'It was not asked for.' );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertSame( 'runtime-command-not-approved', $e->get_error_code() );
		}
		self::assertSame( array(), $this->calls );
		self::assertSame( 'ok', $this->sandbox( $policy, array( 'writes' => false ) )->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) )['result']['status'] );
	}

	public function test_what_goes_wrong_in_a_tool_is_an_answer(): void {
		$cases = array(
			'thrown'    => static fn() => throw new Error( 'out of prices' ),
			'wrong'     => static fn() => array( 'price' => 'twelve' ),
			'large'     => static fn() => array( 'price' => 1, 'more' => str_repeat( 'x', 2 << 20 ) ),
			'no JSON'   => static fn() => array( 'price' => NAN ),
			'a handle'  => static fn() => fopen( 'php://memory', 'r' ),
			'recursive' => static function () {
				$price          = array( 'price' => 1 );
				$price['again'] = &$price;
				return $price;
			},
		);
		foreach ( $cases as $name => $callback ) {
			$sandbox = $this->sandbox( array(), array( 'callback' => $callback ) );
			$answer  = $sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) );
			self::assertSame( array( 1, 'wp_codebox_host_tool_failed' ), array( $answer['exitCode'], $answer['error']['code'] ), $name );
			self::assertSame( array( 'host/price.lookup', 'error' ), array( $answer['error']['data']['tool'], $answer['error']['data']['status'] ), $name );
			self::assertLessThan( 10000, strlen( (string) json_encode( $answer ) ), $name );
			// The sandbox is none the worse for it.
			self::assertSame( 3, $sandbox->execute( 'wordpress.run-php', array( 'code' => 'return 3;' ) )['result'], $name );
		}
		$sandbox = $this->sandbox( array(), array( 'callback' => $cases['thrown'] ) );
		$error   = $sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) )['error']['data']['error'];
		self::assertSame( array( 'out of prices', array( 'exception' => 'Error' ) ), array( $error['message'], $error['data'] ) );
	}

	public function test_exit_in_a_tool_ends_the_process_and_not_just_the_call(): void {
		$file = Site::scratch( 'exits.php' );
		file_put_contents(
			$file,
			'<?php $s = WP_Codebox_API::create_sandbox( array( "host_tools" => array( array( "name" => "host/x", "input_schema" => array(), "callback" => function () { exit( 7 ); } ) ) ) );
			$s->execute( "host/x" ); echo "went on";'
		);
		$ended = Process::php( array( $file ) );
		self::assertSame( array( 7, '' ), array( $ended->status, $ended->stdout ) );
	}

	public function test_a_tool_cannot_use_the_sandbox_that_calls_it_but_another(): void {
		$other   = WP_Codebox_API::create_sandbox();
		$sandbox = null;
		$tool    = array(
			'callback' => static function () use ( $other, &$sandbox ) {
				try {
					$sandbox->destroy();
				} catch ( WP_Codebox_Exception $e ) {
					return array( 'price' => $other->execute( 'wordpress.run-php', array( 'code' => 'return 5;' ) )['result'] );
				}
			},
		);
		$sandbox = $this->sandbox( array(), $tool );
		self::assertSame( 5, $sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) )['result']['output']['price'] );
	}

	public function test_cancel_from_a_tool_ends_the_call_and_info_says_what_the_sandbox_is(): void {
		$sandbox = null;
		$seen    = array();
		$tool    = array(
			'callback' => static function () use ( &$sandbox, &$seen ): array {
				$seen = array( $sandbox->info(), $sandbox->cancel() );
				return array( 'price' => 5 );
			},
		);
		$sandbox = $this->sandbox( array(), $tool );
		$before  = $sandbox->info();
		$answer  = $sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) );
		self::assertSame( array( $before, true ), $seen );
		self::assertSame( 'wp_codebox_run_cancelled', $answer['error']['code'] ?? null );
		self::assertArrayNotHasKey( 'result', $answer );
		self::assertSame( 2, $sandbox->execute( 'wordpress.run-php', array( 'code' => 'return 2;' ) )['result'] );
	}

	public function test_forks_call_it_too_and_parallel_ones_cannot(): void {
		$sandbox = $this->sandbox();
		list( $fork ) = $sandbox->fork( 1 );
		self::assertSame( 12, $fork->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) )['result']['output']['price'] );
		$answers = $sandbox->execute_in_forks( array( array( 'command' => 'host/price.lookup', 'args' => array( 'sku' => 'a-1' ) ) ) );
		self::assertSame( 'wp_codebox_host_tool_failed', $answers[0]['error']['code'] );
		self::assertCount( 1, $this->calls );
	}

	public function test_tools_that_cannot_be_are_refused_by_field(): void {
		$cases = array(
			'host_tools.0.name'         => array( 'name' => 'price.lookup' ),
			'host_tools.0.callback'     => array( 'callback' => 'no_such_function' ),
			'host_tools.0.input_schema' => array( 'input_schema' => array( 'description' => str_repeat( 'x', 70000 ) ) ),
			'host_tools.0.colour'       => array( 'colour' => 'red' ),
		);
		foreach ( $cases as $field => $more ) {
			self::assert_refused( fn() => $this->sandbox( array(), $more ), $field );
		}
		$tool = $this->tool();
		self::assert_refused( static fn() => WP_Codebox_API::create_sandbox( array( 'host_tools' => array( $tool, $tool ) ) ), 'host_tools.1.name' );
		self::assert_refused( static fn() => WP_Codebox_API::create_sandbox( array( 'host_tools' => 'host/x' ) ), 'host_tools' );
	}

	public function test_a_schema_that_asks_for_what_is_not_checked_is_refused_before_there_is_a_sandbox(): void {
		$sku   = static fn( array $schema ) => array( 'properties' => array( 'sku' => $schema ) );
		$cases = array(
			'.properties.sku.pattern'            => $sku( array( 'pattern' => '^a-[0-9]+$' ) ),
			'.properties.sku.format'             => $sku( array( 'format' => 'uri' ) ),
			'.properties.sku.$ref'               => $sku( array( '$ref' => '#/$defs/sku' ) ),
			'.properties.sku.required'           => $sku( array( 'required' => true ) ),
			'.patternProperties'                 => array( 'additionalProperties' => false, 'patternProperties' => array( '^a' => array( 'type' => 'string' ) ) ),
			'.properties.sku.items.multipleOf'   => $sku( array( 'items' => array( 'multipleOf' => 2 ) ) ),
			'.properties.sku.anyOf[1].minLenght' => $sku( array( 'anyOf' => array( array( 'type' => 'null' ), array( 'minLenght' => 2 ) ) ) ),
		);
		foreach ( $cases as $path => $schema ) {
			foreach ( array( 'input_schema', 'output_schema' ) as $side ) {
				self::assert_refused( fn() => $this->sandbox( array(), array( $side => $schema ) ), "host_tools.0.$side$path" );
			}
		}
	}

	public function test_an_input_that_is_too_costly_to_check_does_not_reach_the_tool(): void {
		$branches = array_fill( 0, 2000, array( 'type' => 'integer' ) );
		$sandbox  = $this->sandbox( array(), array( 'input_schema' => array( 'not' => array( 'properties' => array( 'n' => array( 'items' => array( 'allOf' => $branches ) ) ) ) ) ) );
		try {
			$sandbox->execute( 'host/price.lookup', array( 'n' => array_fill( 0, 5000, 1 ) ) );
			self::fail( 'It was not refused.' );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertStringContainsString( 'too costly', $e->getMessage() );
		}
		self::assertSame( array(), $this->calls );
	}

	public function test_secrets_do_not_come_back_through_a_tool(): void {
		putenv( 'WP_CODEBOX_TEST_SECRET=fV8-kq2Lw-77tzR' );
		$tell    = array( 'callback' => static fn() => array( 'price' => 1, 'key' => 'fV8-kq2Lw-77tzR' ) );
		$sandbox = $this->sandbox( array( 'secret_env' => array( 'WP_CODEBOX_TEST_SECRET' ) ), $tell );
		$answer  = $sandbox->execute( 'host/price.lookup', array( 'sku' => 'a-1' ) );
		putenv( 'WP_CODEBOX_TEST_SECRET' );
		self::assertSame( '[REDACTED:configured-secret-value]', $answer['result']['output']['key'] );
		self::assertStringNotContainsString( 'fV8-kq2Lw-77tzR', (string) json_encode( $answer ) );
	}

	private function sandbox( array $spec = array(), array $tool = array() ): WP_Codebox_Sandbox {
		return WP_Codebox_API::create_sandbox( $spec + array( 'host_tools' => array( $tool + $this->tool() ) ) );
	}

	private function tool(): array {
		return array(
			'name'          => 'host/price.lookup',
			'description'   => 'The price of an article.',
			'input_schema'  => array(
				'type'                 => 'object',
				'properties'           => array( 'sku' => array( 'type' => 'string' ) ),
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
				return array( 'price' => 12 );
			},
		);
	}

	private static function assert_refused( callable $call, string $field ): void {
		try {
			$call();
			self::fail( "$field was not refused." );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertSame( $field, $e->get_error_data()['field'] ?? null, $e->getMessage() );
		}
	}
}

<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;
use WP_Codebox_API;
use WP_Codebox_Exception;
use WP_Codebox_Sandbox;

/**
 * A sandbox as an object, in plain PHP.
 */
final class SandboxTest extends TestCase {

	public function test_the_page_about_sandboxes_tells_the_truth(): void {
		$page = (string) file_get_contents( dirname( __DIR__ ) . '/docs/sandboxes.md' );
		self::assertGreaterThan( 4, preg_match_all( '/^```php\n(.*?)^```/ms', $page, $code ) );
		preg_match_all( '/^```text\n(.*?)^```/ms', $page, $output );
		$file = Site::scratch( 'sandboxes.php' );
		file_put_contents( $file, "<?php\n" . implode( "\n", $code[1] ) );
		$ended = Process::php( array( $file ) );
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ) );
		self::assertSame( implode( '', $output[1] ), $ended->stdout );
	}

	public function test_sandboxes_do_not_see_each_other_and_the_host_not_them(): void {
		$one = WP_Codebox_API::create_sandbox();
		$two = WP_Codebox_API::create_sandbox();
		self::assertInstanceOf( WP_Codebox_Sandbox::class, $one );
		self::run_php( $one, 'file_put_contents( "/tmp/mine", "one" ); update_option( "mine", "one" ); return true;' );
		self::assertSame( array( false, false ), self::run_php( $two, 'return array( file_exists( "/tmp/mine" ), get_option( "mine" ) );' ) );
		self::assertFileDoesNotExist( '/tmp/mine' );
		self::assertNotSame( $one->info()['id'], $two->info()['id'] );
	}

	public function test_a_mount_is_read_and_the_host_s_file_stays(): void {
		$directory = Site::scratch( 'mounted' );
		Site::remove( $directory );
		mkdir( $directory );
		file_put_contents( "$directory/note.txt", 'host' );
		$sandbox = WP_Codebox_API::create_sandbox(
			array( 'mounts' => array( array( 'source' => $directory, 'target' => '/workspace' ) ) )
		);
		$code = '$was = file_get_contents( "/workspace/note.txt" ); file_put_contents( "/workspace/note.txt", "sandbox" ); return $was;';
		self::assertSame( 'host', self::run_php( $sandbox, $code ) );
		self::assertSame( 'sandbox', self::run_php( $sandbox, 'return file_get_contents( "/workspace/note.txt" );' ) );
		self::assertSame( 'host', file_get_contents( "$directory/note.txt" ) );
	}

	public function test_a_command_that_never_ends_is_stopped_and_the_sandbox_can_be_restored(): void {
		$sandbox  = WP_Codebox_API::create_sandbox();
		$snapshot = $sandbox->snapshot();
		$answer   = $sandbox->execute( 'wordpress.run-php', array( 'code' => 'while ( true ) {}' ), array( 'timeout_seconds' => 1 ) );
		self::assertSame( 'wp_codebox_run_timeout', $answer['error']['code'] );
		self::assertSame( 'stopped', $sandbox->info()['status'] );
		$sandbox->restore( $snapshot['id'] );
		self::assertSame( 'back', self::run_php( $sandbox, 'return "back";' ) );
	}

	public function test_a_checkpoint_brings_back_what_was_and_one_that_is_not_there_is_an_answer_with_its_reason(): void {
		$sandbox = WP_Codebox_API::create_sandbox();
		$made    = $sandbox->execute( 'wp-codebox.checkpoint-create', array( 'name' => 'fresh', 'metadata-json' => array( 'step' => 1 ) ) );
		self::assertSame( array( 'created', array( 'step' => 1 ) ), array( $made['result']['status'], $made['result']['checkpoint']['metadata'] ) );
		self::run_php( $sandbox, 'update_option( "colour", "red" ); return true;' );
		$sandbox->execute( 'wordpress.run-php', array( 'code' => 'while ( true ) {}' ), array( 'timeout_seconds' => 1 ) );
		self::assertSame( 'restored', $sandbox->execute( 'wp-codebox.checkpoint-restore', array( 'name' => 'fresh' ) )['result']['status'] );
		self::assertFalse( self::run_php( $sandbox, 'return get_option( "colour" );' ) );
		$answer = $sandbox->execute( 'wp-codebox.checkpoint-restore', array( 'name' => 'never' ) );
		self::assertSame( array( 1, 'runtime-checkpoint-not-found' ), array( $answer['exitCode'], $answer['error']['code'] ) );
		self::assertSame( 'wp-codebox/runtime-checkpoint-failure/v1', $answer['error']['data']['schema'] );
	}

	public function test_snapshots_are_bounded_in_memory(): void {
		$ended = Process::php( array( '-d', 'wp_codebox.memory_limit=268435456', '-r', <<<'PHP'
			$sandbox = WP_Codebox_API::create_sandbox();
			try {
				for ( $kept = 0; $kept < 64; $kept++ ) {
					$sandbox->execute( 'wordpress.run-php', array( 'code' => 'file_put_contents( "/tmp/large", random_bytes( 30 << 20 ) );' ) );
					$sandbox->snapshot();
				}
			} catch ( WP_Codebox_Exception $e ) {
				echo $kept > 0 ? $e->get_error_code() : 'none was kept';
			}
			PHP ) );
		self::assertSame( 'wp_codebox_resources_exhausted', $ended->stdout, $ended->stderr );
	}

	public function test_many_forks_run_at_once_and_share_nothing(): void {
		$sandbox = WP_Codebox_API::create_sandbox();
		self::run_php( $sandbox, 'update_option( "base", "yes" ); return true;' );
		$one     = array(
			'command' => 'wordpress.run-php',
			'args'    => array( 'code' => '$was = get_option( "count", 0 ); update_option( "count", $was + 1 ); return array( $was, get_option( "base" ), wp_generate_password() );' ),
		);
		$answers = array_column( $sandbox->execute_in_forks( array_fill( 0, 40, $one ), 4 ), 'result' );
		self::assertCount( 40, $answers );
		self::assertSame( array( 0, 'yes' ), array_slice( array_unique( $answers, SORT_REGULAR )[0], 0, 2 ) );
		self::assertSame( array( 0 ), array_values( array_unique( array_column( $answers, 0 ) ) ) );
		self::assertCount( 40, array_unique( array_column( $answers, 2 ) ) );
		self::assertSame( 0, self::run_php( $sandbox, 'return get_option( "count", 0 );' ) );
	}

	public function test_answers_of_forks_share_one_bound_of_memory(): void {
		$sandbox = WP_Codebox_API::create_sandbox();
		$one     = array(
			'command' => 'wordpress.run-php',
			'args'    => array( 'code' => 'return array_fill( 0, 500000, 0 );' ),
		);
		$answers = $sandbox->execute_in_forks( array_fill( 0, 3, $one ), 1 );
		self::assertCount( 500000, $answers[0]['result'] );
		foreach ( array( 1, 2 ) as $beyond ) {
			self::assertSame( 'wp-codebox/omitted-value/v1', $answers[ $beyond ]['result']['schema'] );
			self::assertSame( 0, $answers[ $beyond ]['exitCode'] );
		}
	}

	public function test_refusals_name_what_is_wrong(): void {
		$sandbox = WP_Codebox_API::create_sandbox();
		$cases   = array(
			'command'     => static fn() => $sandbox->execute( 'rm' ),
			'args.code'   => static fn() => $sandbox->execute( 'wordpress.run-php' ),
			'args.colour' => static fn() => $sandbox->execute( 'wordpress.run-php', array( 'code' => '1;', 'colour' => 'red' ) ),
			'nope'        => static fn() => $sandbox->execute( 'wordpress.run-php', array( 'code' => '1;' ), array( 'nope' => 1 ) ),
			'options.command' => static fn() => $sandbox->execute( 'wordpress.run-php', array( 'code' => '1;' ), array( 'command' => 'wordpress.wp-cli' ) ),
			'options.args' => static fn() => $sandbox->execute( 'wordpress.run-php', array( 'code' => '1;' ), array( 'args' => array() ) ),
			'snapshot'    => static fn() => $sandbox->restore( 'snapshot-of-another' ),
			'count'       => static fn() => $sandbox->fork( 0 ),
			'mounts.0.target' => static fn() => WP_Codebox_API::create_sandbox( array( 'mounts' => array( array( 'source' => '/etc', 'target' => 'relative' ) ) ) ),
		);
		foreach ( $cases as $field => $call ) {
			try {
				$call();
				self::fail( "$field was not refused." );
			} catch ( WP_Codebox_Exception $e ) {
				self::assertSame( $field, $e->get_error_data()['field'] ?? null, $e->getMessage() );
			}
		}
		$narrow = WP_Codebox_API::create_sandbox( array( 'runtime_policy' => array( 'commands' => array( 'wordpress.wp-cli' ) ) ) );
		try {
			$narrow->execute( 'wordpress.run-php', array( 'code' => '1;' ) );
			self::fail( 'The policy was not enforced.' );
		} catch ( WP_Codebox_Exception $e ) {
			self::assertStringContainsString( 'wordpress.run-php', $e->getMessage() );
		}
	}

	/**
	 * PHP code that runs during a call must not end or use the sandbox that the call works with.
	 */
	public function test_a_sandbox_is_not_pulled_from_under_a_call(): void {
		$sandbox  = WP_Codebox_API::create_sandbox();
		$attempts = array();
		$hostile  = new class( $sandbox, $attempts ) implements \JsonSerializable {
			private array $attempts;

			public function __construct( private WP_Codebox_Sandbox $sandbox, array &$attempts ) {
				$this->attempts = &$attempts;
			}

			public function jsonSerialize(): mixed {
				$calls = array(
					fn() => $this->sandbox->destroy(),
					fn() => $this->sandbox->info(),
					fn() => $this->sandbox->fork( 1 ),
					fn() => $this->sandbox->execute( 'wordpress.run-php', array( 'code' => 'return "inner";' ) ),
				);
				foreach ( $calls as $call ) {
					try {
						$call();
						$this->attempts[] = 'done';
					} catch ( WP_Codebox_Exception $e ) {
						$this->attempts[] = $e->getMessage();
					}
				}
				return 'return "outer";';
			}
		};
		$answer = $sandbox->execute( 'wordpress.run-php', array( 'code' => $hostile ) );
		self::assertSame( 'outer', $answer['result'] );
		$busy = 'The sandbox is in the middle of another call.';
		self::assertSame( array( $busy, 'done', $busy, $busy ), $attempts );
		self::assertSame( 'after', self::run_php( $sandbox, 'return "after";' ) );
	}

	public function test_a_destroyed_sandbox_is_gone(): void {
		$sandbox = WP_Codebox_API::create_sandbox();
		self::assertSame( 'runtime.created', $sandbox->destroy()[0]['type'] );
		self::assertSame( array(), $sandbox->destroy() );
		$this->expectException( WP_Codebox_Exception::class );
		$sandbox->execute( 'wordpress.run-php', array( 'code' => '1;' ) );
	}

	/**
	 * What ends with the variable leaves no descriptor, no mapping and no file behind.
	 */
	public function test_sandboxes_leave_nothing_behind(): void {
		$round = static function (): void {
			$sandbox = WP_Codebox_API::create_sandbox();
			self::run_php( $sandbox, 'file_put_contents( "/tmp/x", str_repeat( "x", 100000 ) ); return wp_count_posts()->publish;' );
			$sandbox->snapshot();
		};
		$held  = static fn(): array => array(
			count( scandir( '/proc/self/fd' ) ),
			substr_count( (string) file_get_contents( '/proc/self/maps' ), "\n" ),
		);
		for ( $i = 0; $i < 20; $i++ ) {
			$round();
		}
		$before = $held();
		for ( $i = 0; $i < (int) ( getenv( 'WP_CODEBOX_TEST_CYCLES' ) ?: 40 ); $i++ ) {
			$round();
		}
		$after = $held();
		self::assertSame( $before[0], $after[0], 'descriptors' );
		self::assertLessThan( $before[1] + 50, $after[1], 'mappings' );
	}

	/**
	 * Runs PHP inside and gives what it returns.
	 *
	 * @return mixed
	 */
	private static function run_php( WP_Codebox_Sandbox $sandbox, string $code ) {
		$answer = $sandbox->execute( 'wordpress.run-php', array( 'code' => $code ) );
		self::assertArrayNotHasKey( 'error', $answer, (string) json_encode( $answer ) );
		return $answer['result'];
	}
}

<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;
use WP_Codebox_API;
use WP_Codebox_Exception;
use WP_Codebox_Sandbox;

/**
 * `secret_env` of a held sandbox: the value reaches the sandbox, and nothing that comes from it.
 */
final class SandboxSecretsTest extends TestCase {

	private const NAME   = 'WP_CODEBOX_TEST_SECRET';
	private const VALUE  = "s3cr3t/Zx9+Qw7'Lm5\"Kp2<&>\\%41 Vb8";
	private const MARKER = '[REDACTED:configured-secret-value]';

	private WP_Codebox_Sandbox $sandbox;

	protected function setUp(): void {
		putenv( self::NAME . '=' . self::VALUE );
		$this->sandbox = WP_Codebox_API::create_sandbox( array( 'secret_env' => array( self::NAME ) ) );
	}

	protected function tearDown(): void {
		putenv( self::NAME );
	}

	public function test_the_sandbox_has_the_value_and_its_answers_do_not(): void {
		self::assertSame( strlen( self::VALUE ), $this->run_php( 'return strlen( getenv( "' . self::NAME . '" ) );' )['result'] );
		$answer = $this->run_php( '$v = getenv( "' . self::NAME . '" ); echo $v, "\n"; fwrite( fopen( "php://stderr", "w" ), base64_encode( $v ) ); return array( $v => array( "is" => $v ) );' );
		$this->assert_hidden( $answer );
		self::assertSame( array( self::MARKER => array( 'is' => self::MARKER ) ), $answer['result'] );
		self::assertSame( self::MARKER . "\n", $answer['stdout'] );
	}

	public function test_failures_do_not_tell(): void {
		$answer = $this->run_php( 'throw new Exception( getenv( "' . self::NAME . '" ) );' );
		self::assertSame( 'wp_codebox_run_fatal', $answer['error']['code'] );
		self::assertStringContainsString( self::MARKER, $answer['error']['message'] );
		$this->assert_hidden( $answer );
	}

	public function test_streamed_output_does_not_tell_and_is_still_there_while_the_command_runs(): void {
		$directory = Site::scratch( 'answers' );
		Site::remove( $directory );
		mkdir( $directory );
		$sandbox = WP_Codebox_API::create_sandbox(
			array(
				'secret_env' => array( self::NAME ),
				'mounts'     => array( array( 'source' => $directory, 'target' => '/workspace' ) ),
			)
		);
		// The value comes in pieces with pauses between them; the command ends when its line was heard.
		$code  = 'foreach ( str_split( getenv( "' . self::NAME . '" ), 7 ) as $part ) { echo $part; usleep( 150000 ); } echo "\nready\n";'
			. 'for ( $i = 0; $i < 3000; $i++ ) { clearstatcache(); if ( file_exists( "/workspace/go" ) ) { return "seen"; } usleep( 10000 ); } return "alone";';
		$heard = '';
		$answer = $sandbox->execute(
			'wordpress.run-php',
			array( 'code' => $code ),
			array(
				'on_output' => static function ( string $channel, string $bytes ) use ( &$heard, $directory ): void {
					$heard .= $bytes;
					if ( str_contains( $heard, "ready\n" ) ) {
						file_put_contents( "$directory/go", '' );
					}
				},
			)
		);
		self::assertSame( array( 'seen', self::MARKER . "\nready\n" ), array( $answer['result'], $heard ) );
	}

	public function test_the_beginning_of_a_secret_at_the_output_limit_is_neither_heard_nor_kept(): void {
		$limit = 8 << 20;
		foreach ( array( '$v', 'base64_encode( $v )' ) as $spelled ) {
			$spelling = str_starts_with( $spelled, 'base64' ) ? base64_encode( self::VALUE ) : self::VALUE;
			$kept     = strlen( $spelling ) - 3;
			$heard    = '';
			$code     = '$v = getenv( "' . self::NAME . '" ); echo str_repeat( "x ", ' . intdiv( $limit - $kept, 2 ) . ' ), str_repeat( ".", ' . ( $limit - $kept ) % 2 . ' ), ' . $spelled . ';';
			$answer   = $this->sandbox->execute(
				'wordpress.run-php',
				array( 'code' => $code ),
				array(
					'on_output' => static function ( string $channel, string $bytes ) use ( &$heard ): void {
						$heard .= $bytes;
					},
				)
			);
			$shown    = substr( $answer['stdout'], -200 );
			self::assertStringContainsString( 'bytes more were dropped', $shown );
			foreach ( array( $shown, substr( $heard, -200 ) ) as $text ) {
				self::assertStringNotContainsString( substr( $spelling, 0, 3 ), $text );
			}
			self::assertGreaterThan( $limit - 200, strlen( $heard ) );
		}
	}

	public function test_a_line_that_is_never_ended_is_heard(): void {
		$heard  = '';
		$answer = $this->sandbox->execute(
			'wordpress.run-php',
			array( 'code' => 'echo "waiting;"; while ( true ) { usleep( 10000 ); }' ),
			array(
				'on_output' => function ( string $channel, string $bytes ) use ( &$heard ): void {
					$heard .= $bytes;
					$this->sandbox->cancel();
				},
			)
		);
		self::assertSame( array( 'waiting;', 'wp_codebox_run_cancelled' ), array( $heard, $answer['error']['code'] ) );
	}

	public function test_forks_have_the_value_and_do_not_tell_either(): void {
		$code    = array( 'code' => 'return getenv( "' . self::NAME . '" );' );
		$answers = $this->sandbox->execute_in_forks( array( array( 'command' => 'wordpress.run-php', 'args' => $code ) ) );
		self::assertSame( self::MARKER, $answers[0]['result'] );
		list( $fork ) = $this->sandbox->fork( 1 );
		self::assertSame( self::MARKER, $fork->execute( 'wordpress.run-php', $code )['result'] );
	}

	public function test_events_name_the_secret_and_do_not_tell_it(): void {
		$this->run_php( '// ' . self::VALUE );
		$events = $this->sandbox->destroy();
		$this->assert_hidden( $events );
		self::assertStringContainsString( self::NAME, (string) json_encode( $events ) );
	}

	public function test_observations_and_bundles_do_not_tell(): void {
		$directory = Site::scratch( 'told' );
		Site::remove( $directory );
		mkdir( $directory );
		$this->sandbox->mount( array( 'source' => $directory, 'target' => '/workspace' ) );
		$answer = $this->run_php( '$v = getenv( "' . self::NAME . '" ); echo $v; fwrite( fopen( "php://stderr", "w" ), "$v\n" ); file_put_contents( "/workspace/told.txt", "$v\n" ); return $v;' );
		$this->assert_hidden( $this->sandbox->observe( 'files', array( 'path' => '/workspace/told.txt', 'include_content' => true ) ) );
		$this->assert_hidden( $this->sandbox->observe( 'command-result', array( 'command_id' => $answer['id'] ) ) );
		self::assertSame( array( self::MARKER ), $this->sandbox->observe( 'runtime-logs' )['data'] );
		$artifact = $this->sandbox->collect_artifacts( array( 'artifacts_path' => Site::scratch( 'told-artifacts' ) ) )['artifact'];
		$this->assert_hidden( $artifact );
		foreach ( new \RecursiveIteratorIterator( new \RecursiveDirectoryIterator( $artifact['directory'], \FilesystemIterator::SKIP_DOTS ) ) as $file ) {
			$this->assert_hidden( array( (string) file_get_contents( (string) $file ) ) );
		}
		self::assertStringContainsString( self::MARKER, (string) file_get_contents( $artifact['directory'] . '/files/patch.diff' ) );
	}

	public function test_what_cannot_be_handed_in_is_refused(): void {
		$cases = array(
			array( 'secret_env' => array( 'WP_CODEBOX_NO_SUCH_SECRET' ) ),
			array( 'secret_env' => array( self::NAME, self::NAME ) ),
			array( 'secret_env' => array( 'PATH=' ) ),
			array(
				'secret_env'     => array( self::NAME ),
				'runtime_policy' => array( 'secrets' => 'none' ),
			),
		);
		$codes = array();
		foreach ( $cases as $spec ) {
			try {
				WP_Codebox_API::create_sandbox( $spec );
				self::fail( 'It was not refused: ' . json_encode( $spec ) );
			} catch ( WP_Codebox_Exception $e ) {
				$codes[] = $e->get_error_code();
			}
		}
		self::assertSame( array( 'wp_codebox_secret_env_missing', 'wp_codebox_secret_env_invalid', 'wp_codebox_secret_env_invalid', 'runtime-policy-violation' ), $codes );
	}

	private function run_php( string $code ): array {
		return $this->sandbox->execute( 'wordpress.run-php', array( 'code' => $code ) );
	}

	private function assert_hidden( array $data ): void {
		$text = (string) json_encode( $data, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
		foreach ( array( self::VALUE, substr( (string) json_encode( self::VALUE, JSON_UNESCAPED_SLASHES ), 1, -1 ), base64_encode( self::VALUE ) ) as $spelling ) {
			self::assertStringNotContainsString( $spelling, $text );
		}
	}
}

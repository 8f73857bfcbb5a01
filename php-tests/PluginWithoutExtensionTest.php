<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * The plugin on a PHP that does not have the extension: it does nothing, and says why.
 */
final class PluginWithoutExtensionTest extends ProcessTestCase {

	public function test_the_site_works_and_no_ability_is_registered(): void {
		$ended = $this->wp( 'eval', 'echo wp_json_encode( array_keys( wp_get_abilities( array( "namespace" => "wp-codebox" ) ) ) ), (int) wp_has_ability_category( "wp-codebox" );' );
		self::assertSame( array( 0, '[]0', '' ), array( $ended->status, $ended->stdout, $ended->stderr ) );
	}

	/**
	 * @return array<string, array{string[]}>
	 */
	public static function commands(): array {
		return array(
			'a task'         => array( array( 'run-agent-task', '--goal=x', '--input-json={}' ) ),
			'two words'      => array( array( 'artifacts', 'get', 'x', '--format=json' ) ),
			'the bare word'  => array( array() ),
			'an unknown one' => array( array( 'unheard-of' ) ),
		);
	}

	/**
	 * @dataProvider commands
	 *
	 * @param string[] $words
	 */
	public function test_wp_cli_says_what_to_do( array $words ): void {
		$ended = $this->wp( 'codebox', ...$words );
		self::assertSame( array( 1, '' ), array( $ended->status, $ended->stdout ) );
		self::assertMatchesRegularExpression( '/\AError: WP Codebox needs the PHP extension wp_codebox, which is not loaded[^\n]*extension=wp_codebox[^\n]*\n\z/', $ended->stderr );
	}

	public function test_the_doctor_says_what_to_do(): void {
		$ended = $this->wp( 'codebox', 'doctor', '--format=json' );
		self::assertSame( 1, $ended->status );
		$checks = array_column( $ended->json(), null, 'id' );
		self::assertSame( 'error', $checks['extension']['status'] );
		self::assertStringContainsString( 'extension=wp_codebox', $checks['extension']['fix'] );
	}

	public function test_administrators_see_a_notice_and_others_none(): void {
		$render = 'do_action( "admin_notices" );';
		$shown  = $this->wp( '--user=' . self::$administrator->id, 'eval', $render )->stdout;
		self::assertStringContainsString( 'wp_codebox', $shown );
		self::assertStringContainsString( 'notice-error', $shown );
		self::assertStringNotContainsString( 'wp_codebox', $this->wp( '--user=' . self::$subscriber->id, 'eval', $render )->stdout );
	}

	public function test_there_is_no_notice_with_the_extension(): void {
		$ended = Site::wp( '--user=' . self::$administrator->id, 'eval', 'do_action( "admin_notices" );' );
		self::assertStringNotContainsString( 'wp_codebox', $ended->stdout );
	}

	private function wp( string ...$arguments ): Finished {
		return Process::run( array_merge( Site::wp_command(), $arguments ), array( 'PHP_INI_SCAN_DIR' => null ) );
	}
}
